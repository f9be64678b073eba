import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-notes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes two rows with a column that is not used, and, in the first row, answers that begin with the prompt. */
async function data(): Promise<string> {
  const path = join(folder, 'rows.jsonl');
  const prompt = 'Q: What is two and two?\nA:';
  const row = { prompt, chosen: `${prompt} Four.`, rejected: `${prompt} Five.`, annotator: 'me' };
  const other = { prompt: 'Q: Three and three?\nA:', chosen: ' Six.', rejected: ' Seven.', annotator: 'you' };
  await writeFile(path, `${JSON.stringify(row)}\n${JSON.stringify(other)}\n`);
  return path;
}
const times = (notes: readonly string[], text: string) => notes.filter((note) => note.includes(text)).length;

describe('notes on reading', () => {
  it('are printed once by every command that reads pairs', async () => {
    const path = await data();
    const model = await tinyModelFolder(join(folder, 'model'));
    const out = (name: string) => join(folder, name);
    const commands = [
      ['data', 'convert', path, out('a.jsonl')],
      ['data', 'convert', path, out('a.csv')],
      ['data', 'convert', path, out('a.arrow')],
      ['data', 'inspect', path],
      ['data', 'split', path, out('b.jsonl'), out('c.jsonl')],
      ['score', '--model', model, '--data', path, '--out', out('d.jsonl')],
      ['train', '--model', model, '--data', path, '--output', out('run'), '--max-steps', '1', '--batch-size', '2'],
    ];
    for (const command of commands) {
      const { code, notes } = await runCli(command);
      expect(code, `${command.join(' ')}\n${notes.join('\n')}`).toBe(0);
      expect(times(notes, 'not used: "annotator"'), command.join(' ')).toBe(1);
      expect(times(notes, '1 row (0): The answers began with the prompt'), command.join(' ')).toBe(1);
    }
  });

  it('are in the JSON of validate and inspect', async () => {
    const path = await data();
    const validated = JSON.parse((await runCli(['data', 'validate', path, '--json'])).out.join('\n'));
    expect(validated).toMatchObject({
      leftAside: ['annotator'],
      findings: [{ code: 'prompt-repeated', level: 'warning', count: 1, rows: [0] }],
      warnings: 1,
    });
    const inspected = JSON.parse((await runCli(['data', 'inspect', path, '--json'])).out.join('\n'));
    expect(inspected.read).toMatchObject([{ leftAside: ['annotator'], mended: [{ code: 'prompt-repeated' }] }]);
  });

  it('count what rows give to the chat template', async () => {
    const path = join(folder, 'tools.jsonl');
    const say = (role: string, content: string, more = {}) => ({ role, content, ...more });
    const row = {
      prompt: [say('user', 'Hi', { name: 'me' })],
      chosen: [say('assistant', 'a', { reasoning_content: 'hm' })],
      rejected: [say('assistant', 'b')],
      tools: [{ type: 'function' }],
      chat_template_kwargs: { enable_thinking: false },
    };
    await writeFile(path, JSON.stringify(row));
    for (const command of ['inspect', 'validate']) {
      const { out } = await runCli(['data', command, path]);
      expect(out.join('\n')).toContain(
        'tools in 1, template variable "enable_thinking" in 1, messages with "name" in 1, messages with "reasoning_content" in 1',
      );
    }
  });

  it('name the keys of prompts that generation does not use', async () => {
    const model = await tinyModelFolder(join(folder, 'model'));
    const path = join(folder, 'prompts.jsonl');
    await writeFile(path, '{"prompt":"Hi","topic":"x"}\n{"prompt":"Ho","topic":"y"}\n');
    const { code, notes } = await runCli(['generate', '--model', model, '--prompts', path, '--max-new-tokens', '1']);
    expect([code, times(notes, 'not used: "topic"')]).toEqual([0, 1]);
  });

  it('name the columns that judged answers lose', async () => {
    const path = join(folder, 'scored.jsonl');
    await writeFile(path, '{"prompt":"p","chosen":"c","rejected":"r","chosen_score":2,"rejected_score":1}\n');
    const { notes } = await runCli(['data', 'convert', path, join(folder, 'answers.jsonl'), '--answers']);
    expect(times(notes, 'no place for: chosenScore, rejectedScore.')).toBe(1);
  });

  it('name the columns that a shape has no place for', async () => {
    const path = join(folder, 'scored.jsonl');
    await writeFile(path, '{"prompt":"p","chosen":"c","rejected":"r","chosen_score":2,"rejected_score":1}\n');
    const out = join(folder, 'openai.jsonl');
    const { code, notes } = await runCli(['data', 'convert', path, out, '--shape', 'openai']);
    expect([code, times(notes, 'The shape openai has no place for: chosenScore, rejectedScore.')]).toEqual([0, 1]);
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual({
      input: { messages: [{ role: 'user', content: 'p' }] },
      preferred_output: [{ role: 'assistant', content: 'c' }],
      non_preferred_output: [{ role: 'assistant', content: 'r' }],
    });
    expect((await runCli(['data', 'convert', path, out, '--shape', 'openai', '--answers'])).code).toBe(2);
  });
});
