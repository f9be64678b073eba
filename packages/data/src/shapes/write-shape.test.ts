import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Message } from '@dpo/base';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertToShape } from '../files/convert.js';
import { readPreferences } from '../files/read.js';
import { writePreferences } from '../files/write.js';
import type { PreferencePair } from '../rows/types.js';
import type { ShapeName } from './write-shape.js';

const publishedFolder = fileURLToPath(new URL('../../../../tooling/parity/fixtures/published/', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-write-shape-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
let places = 0;
const place = (ending: string) => join(folder, `${places++}${ending}`);

async function writeAs(shape: ShapeName, pairs: readonly PreferencePair[]) {
  const [start, out] = [place('.arrow'), place('.jsonl')];
  await writePreferences(pairs, start);
  const result = await convertToShape(start, out, shape);
  return {
    ...result,
    out,
    lines: (await readFile(out, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  };
}

const say = (role: string, content: string): Message => ({ role, content });
const prompt = [say('system', 'Be brief.'), say('user', 'Hi'), say('assistant', 'Ho'), say('user', 'Go on')];
const pair: PreferencePair = { prompt, chosen: [say('assistant', 'a')], rejected: [say('assistant', 'b')] };

describe('shapes of other programs', () => {
  it.each(['openai', 'sharegpt', 'alpaca'] as const)('%s: published rows are written as they were', async (shape) => {
    const originals = JSON.parse(await readFile(join(publishedFolder, 'rows.json'), 'utf8'))[shape];
    const { rows, leftOut } = await convertToShape(join(publishedFolder, `${shape}.arrow`), place('.jsonl'), shape);
    expect([rows, leftOut]).toEqual([originals.length, []]);
    const back = (await readFile(join(folder, `${places - 1}.jsonl`), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const asWritten = {
      openai: originals,
      sharegpt: originals,
      // Reading has joined instruction and input to one text.
      alpaca: [{ ...originals[0], instruction: 'Translate into French.\nBlue.', input: '' }],
    };
    expect(back.map(withoutSpaces)).toEqual(asWritten[shape].map(withoutSpaces));
  });

  it('OpenAI has messages in an object, and one answer on each side', async () => {
    const { lines } = await writeAs('openai', [
      { ...pair, tools: [{ type: 'function' }], templateVariables: { parallel_tool_calls: false } },
    ]);
    expect(lines).toEqual([
      {
        input: { messages: prompt, tools: [{ type: 'function' }], parallel_tool_calls: false },
        preferred_output: pair.chosen,
        non_preferred_output: pair.rejected,
      },
    ]);
  });

  it('names the columns that have no place', async () => {
    const { leftOut } = await writeAs('openai', [{ ...pair, id: 'x', chosenScore: 1, rejectedScore: 0 }]);
    expect(leftOut).toEqual(['chosenScore', 'id', 'rejectedScore']);
  });

  it('gives the same pairs when read again', async () => {
    const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => text.trim() !== '');
    const turn = (role: string) => words.map((content) => say(role, content));
    const history = fc.array(fc.tuple(turn('user'), turn('assistant')), { maxLength: 2 });
    const conversation = fc
      .tuple(fc.option(turn('system'), { nil: undefined }), history, turn('user'))
      .map(([system, turns, last]) => [...(system === undefined ? [] : [system]), ...turns.flat(), last]);
    const answer = turn('assistant').map((message) => [message]);
    const pairs = fc.array(fc.record({ prompt: conversation, chosen: answer, rejected: answer }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom<ShapeName>('openai', 'sharegpt', 'alpaca'), pairs, async (shape, list) => {
        expect([...(await readPreferences((await writeAs(shape, list)).out))]).toEqual(list);
      }),
      { numRuns: 40, seed: 17 },
    );
  });

  it('keeps plain pairs plain in the one shape that has them', async () => {
    const plain = { prompt: 'p', chosen: 'c', rejected: 'r' };
    expect((await readPreferences((await writeAs('alpaca', [plain])).out)).at(0)).toEqual(plain);
    expect((await writeAs('openai', [plain])).lines[0].input).toEqual({ messages: [say('user', 'p')] });
  });

  const call: Message = { role: 'assistant', content: null, tool_calls: [{ function: { name: 'f', arguments: {} } }] };
  it.each<[ShapeName, string, PreferencePair]>([
    ['openai', 'chosen', { ...pair, chosen: [say('assistant', 'a'), say('user', 'b'), say('assistant', 'c')] }],
    ['openai', 'chat_template_kwargs.x', { ...pair, templateVariables: { x: 1 } }],
    ['sharegpt', 'prompt[4].tool_calls', { ...pair, prompt: [...prompt, call, say('user', 'x')] }],
    ['alpaca', 'prompt[1]', { ...pair, prompt: [say('user', 'a'), say('user', 'b')] }],
    ['alpaca', 'prompt', { ...pair, prompt: [say('user', 'a'), say('assistant', 'b')] }],
    ['alpaca', 'rejected.tool_calls', { ...pair, rejected: [call] }],
  ])('%s refuses what it has no place for: %s', async (shape, key, misfit) => {
    const [start, out] = [place('.jsonl'), place('.jsonl')];
    await writePreferences([pair, misfit], start);
    await expect(convertToShape(start, out, shape)).rejects.toMatchObject({
      code: 'data.not-for-shape',
      values: { row: 1, key },
    });
    await expect(stat(out)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is written as JSON lines alone', async () => {
    await expect(convertToShape(join(publishedFolder, 'openai.arrow'), place('.csv'), 'openai')).rejects.toMatchObject({
      code: 'data.unknown-format',
    });
  });
});

/** A row whose JSON texts have no blanks between their parts, so that spacing makes no difference. */
function withoutSpaces(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, item: unknown) => {
    if (typeof item !== 'string' || !item.startsWith('{')) return item;
    return JSON.stringify(JSON.parse(item));
  });
}
