import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let model: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-ends-'));
  data = await pairsFile(folder, 4);
  model = await tinyModelFolder(join(folder, 'model'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, value: unknown) => writeFile(join(model, name), JSON.stringify(value));
const change = async (name: string, fields: object) =>
  write(name, { ...(JSON.parse(await readFile(join(model, name), 'utf8')) as object), ...fields });
const cpu = ['--engine', 'cpu'];
const train = (...more: string[]) =>
  runCli(['train', '--model', model, '--data', data, '--max-steps', '1', '--batch-size', '2', ...cpu, ...more]);

it('generates up to any token that generation_config.json names', async () => {
  const generate = async () => {
    const { out } = await runCli([
      'generate',
      '--model',
      model,
      '--prompt',
      'a',
      '--max-new-tokens',
      '5',
      '--json',
      ...cpu,
    ]);
    const { tokens, finished } = JSON.parse(out.join('\n')) as { tokens: number[]; finished: boolean };
    return [tokens.length, finished];
  };
  await write('generation_config.json', { eos_token_id: 256 });
  expect(await generate()).toEqual([5, false]);
  await write('generation_config.json', { eos_token_id: Array.from({ length: 257 }, (_, id) => id) });
  expect(await generate()).toEqual([1, true]);
});

it('warns in training when nothing names an end token, and not when the model does', async () => {
  const tokenizer = JSON.parse(await readFile(join(model, 'tokenizer.json'), 'utf8')) as Record<string, unknown>;
  await write('tokenizer.json', { ...tokenizer, added_tokens: [] });
  await write('tokenizer_config.json', {});
  await write('special_tokens_map.json', {});
  const warning = 'since neither the tokenizer nor the model names one: the model never learns to stop';
  const nameless = await train('--output', join(folder, 'nameless'));
  expect(nameless.notes.join('\n')).toContain(warning);
  await change('config.json', { eos_token_id: 3 });
  const withEnd = await train('--output', join(folder, 'named'));
  expect([withEnd.code, withEnd.notes.join('\n').includes('never learns to stop')]).toEqual([0, false]);
});

it('says in scores that a template writes no end', async () => {
  const say = (role: string, content: string) => [{ role, content }];
  const row = { prompt: say('user', 'a'), chosen: say('assistant', 'b'), rejected: say('assistant', 'c') };
  await writeFile(data, `${JSON.stringify(row)}\n`);
  const turns = (end: string) =>
    `{% for m in messages %}<{{ m.role }}>{{ m.content }}${end}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}`;
  const notes = async (template: string, ...more: string[]) => {
    await writeFile(join(model, 'chat_template.jinja'), template);
    return (await runCli(['score', '--model', model, '--data', data, ...more, ...cpu])).notes.join('\n');
  };
  const warning = '2 of 2 whole answers end in no end token (these are 256): the scores say nothing of their ends.';
  expect(await notes(turns(''))).toContain(warning);
  expect(await notes(turns(''), '--no-eos')).not.toContain('end token');
  expect(await notes(turns('{{ eos_token }}'))).not.toContain('end token');
});

it('opens a model with more tokens than rows, and names the row and the token that has none', async () => {
  const tokenizer = JSON.parse(await readFile(join(model, 'tokenizer.json'), 'utf8')) as { added_tokens: object[] };
  const image = {
    id: 257,
    content: '<image>',
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  };
  await write('tokenizer.json', { ...tokenizer, added_tokens: [...tokenizer.added_tokens, image] });
  const score = () => runCli(['score', '--model', model, '--data', data, ...cpu]);
  expect((await score()).out).toHaveLength(4);
  const rows = await readFile(data, 'utf8');
  await writeFile(data, `${rows}{"prompt": "Look: <image>", "chosen": "a", "rejected": "b"}\n`);
  const { code, out, notes } = await score();
  expect([code, out]).toEqual([1, []]);
  expect(notes.join('\n')).toContain('pairs.jsonl, line 5: row 4: prompt: the token "<image>" has the id 257');
});

it('takes the tokenizer and the template beside an adapter before those of its base', async () => {
  await train('--output', join(folder, 'run'), '--lora-rank', '1');
  const adapter = join(folder, 'run', 'final');
  const message = (role: string, content: string) => [{ role, content }];
  const chats = [
    { prompt: message('user', 'a'), chosen: message('assistant', 'bc'), rejected: message('assistant', 'd') },
  ];
  await writeFile(data, chats.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const turn = '{% for m in messages %}<{{ m.content }}>{% endfor %}{% if add_generation_prompt %}<{% endif %}';
  await writeFile(join(model, 'chat_template.jinja'), turn);
  const firstScore = async () => {
    const { out } = await runCli(['score', '--model', adapter, '--ref', model, '--data', data, ...cpu]);
    return JSON.parse(out.join('\n')) as { chosenTokens: number; policyChosenLogp: number; rejectedTokens: number };
  };
  await rm(join(adapter, 'chat_template.jinja'), { force: true });
  expect(await firstScore()).toMatchObject({ chosenTokens: 3, rejectedTokens: 2 });
  await writeFile(join(adapter, 'chat_template.jinja'), turn.replace('}}>', '}} end>'));
  expect(await firstScore()).toMatchObject({ chosenTokens: 7, rejectedTokens: 6 });
  // The same tokenizer counts tokens when no weights are read.
  const inspection = await runCli(['data', 'inspect', data, '--model', adapter, '--json']);
  expect(JSON.parse(inspection.out.join('\n'))).toMatchObject({ unit: 'tokens', lengths: { chosen: { max: 7 } } });
});
