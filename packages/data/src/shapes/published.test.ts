import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPreferences, readRanked } from '../files/read.js';
import type { ReadNotes } from '../rows/notes.js';
import type { PreferencePair } from '../rows/types.js';
import { byteTokenizer } from '../test/index.js';
import { encodePairs } from '../tokens/encode.js';

/** Written by Python's pyarrow and datasets: tooling/parity/published.py. */
const publishedFolder = fileURLToPath(new URL('../../../../tooling/parity/fixtures/published/', import.meta.url));
const rowsOf = async (name: string): Promise<readonly object[]> =>
  JSON.parse(await readFile(join(publishedFolder, 'rows.json'), 'utf8'))[name];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-published-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tokenizer = byteTokenizer({ chat: true });
/** The texts of prompt, chosen and rejected answer that the model gets. */
const renderings = (pairs: Iterable<PreferencePair>) =>
  encodePairs(pairs, tokenizer).map(({ prompt, chosen, rejected }) => [prompt, chosen, rejected].map(tokenizer.decode));

async function lines(name: string, rows: readonly object[]): Promise<string> {
  const path = join(folder, `${name}.jsonl`);
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

/** Writes rows as CSV by RFC 4180, lists and objects as JSON. */
async function csv(name: string, rows: readonly object[]): Promise<string> {
  const path = join(folder, `${name}.csv`);
  const names = Object.keys(rows[0] ?? {});
  const field = (value: unknown) => {
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    return `"${text.replaceAll('"', '""')}"`;
  };
  const records = rows.map((row) => names.map((key) => field(Reflect.get(row, key))).join(','));
  await writeFile(path, [names.join(','), ...records, ''].join('\r\n'));
  return path;
}

const hours = '{"place":"library"}';
const call = `{"tool_calls":[{"id":"call_1","type":"function","function":{"name":"opening_hours","arguments":${hours}}}]}`;
const tool =
  '{"type":"function","function":{"name":"opening_hours","parameters":{"type":"object","properties":{"place":{"type":"string"}}}}}';

/** The rendered text of each shape's rows, and the columns that nothing is made of. */
const EXPECTED: Readonly<Record<string, { readonly rows: readonly (readonly string[])[]; readonly aside?: string[] }>> =
  {
    openai: {
      rows: [
        [
          `{"parallel_tool_calls":true,"tools":[${tool}]}[system] You answer for the town hall.</s>` +
            `[user] When does the library open?</s>[assistant] ${call}</s>` +
            '[tool] 9 to 17{"tool_call_id":"call_1"}</s>[assistant] ',
          'It opens at nine.</s>',
          'In the morning, I think.</s>',
        ],
      ],
    },
    sharegpt: {
      rows: [
        [
          '[system] You know the Alps.</s>[user] Name a river.</s>[assistant] The Aare.</s>[user] Where does it rise?</s>[assistant] ',
          'At the Grimsel.</s>',
          'In the sea.</s>',
        ],
      ],
    },
    sharegpt_lists: { rows: [['[user] Name a river.</s>[assistant] ', 'The Aare.</s>', 'A river.</s>']] },
    orca: {
      rows: [
        ['[system] You are a pirate.</s>[user] Name a colour.</s>[assistant] ', 'Blue, arr.</s>', 'Blue.</s>'],
        ['[user] Name a fish.</s>[assistant] ', 'A pike.</s>', 'A cow.</s>'],
      ],
    },
    responses: { rows: [['How do I undo a commit?', 'git revert HEAD</s>', 'You cannot.</s>']], aside: ['qid'] },
    messages: { rows: [['[user] Two and two?</s>[assistant] ', 'Four.</s>', 'Five.</s>']] },
    alpaca: {
      rows: [
        [
          '[system] You are a translator.</s>[user] Translate into German: blue.</s>[assistant] Blau.</s>' +
            '[user] Translate into French.\nBlue.</s>[assistant] ',
          'Bleu.</s>',
          'I do not know.</s>',
        ],
      ],
    },
    nectar: { rows: [['\n\nHuman: Name a tree.\n\nAssistant: ', 'An oak.</s>', 'A stone.</s>']], aside: ['turns'] },
    helpsteer2: { rows: [['Name a bird.', 'A wren.</s>', 'A bat.</s>']], aside: ['verbosity'] },
    helpsteer3: { rows: [['[user] Say hello.</s>[assistant] ', 'Hello!</s>', 'No.</s>']] },
    distilabel: { rows: [['Name a metal.', 'Iron.</s>', 'Wood.</s>']], aside: ['model_name'] },
    distilabel_pairs: {
      rows: [['[system] You are brief.</s>[user] Name a metal.</s>[assistant] ', 'Iron.</s>', 'Wood.</s>']],
    },
    binarized: {
      rows: [['[user] Name a star.</s>[assistant] ', 'Vega.</s>', 'The moon.</s>']],
      aside: ['messages', 'prompt_id'],
    },
    arena: { rows: [['[user] Name a day.</s>[assistant] ', 'Monday.</s>', 'Blue.</s>']], aside: ['model_a'] },
    safe_rlhf: { rows: [['May I eat it?', 'What is it?</s>', 'Yes.</s>']] },
  };

describe.each(Object.entries(EXPECTED))('published rows: %s', (name, { rows, aside = [] }) => {
  it.each(['jsonl', 'csv', 'parquet', 'arrow'])('are rendered alike from .%s', async (ending) => {
    const records = await rowsOf(name);
    const writers = { jsonl: () => lines(name, records), csv: () => csv(name, records) };
    const path =
      ending === 'jsonl' || ending === 'csv' ? await writers[ending]() : join(publishedFolder, `${name}.${ending}`);
    const notes: ReadNotes[] = [];
    const dataset = await readPreferences(path, { onNotes: (note) => void notes.push(note) });
    expect(renderings(dataset)).toEqual(rows);
    expect(notes.map(({ leftAside }) => leftAside)).toEqual([aside]);
    const unpaired = notes[0]?.mended.find(({ code }) => code === 'unpaired-rows')?.count ?? 0;
    expect(unpaired).toBe(['helpsteer2', 'helpsteer3', 'arena'].includes(name) ? 1 : 0);
  });
});

it('ranked answers are lists, the best first by their scores', async () => {
  const lists = async (name: string) => [...(await readRanked(await lines(name, await rowsOf(name))))];
  expect(await lists('nectar')).toEqual([
    {
      prompt: '\n\nHuman: Name a tree.\n\nAssistant: ',
      responses: ['An oak.', 'A tree.', 'A stone.'],
      scores: [-1, -2, -3],
    },
  ]);
  expect(await lists('distilabel')).toEqual([
    { prompt: 'Name a metal.', responses: ['Wood.', 'Iron.', 'Steel, which is an alloy.'], scores: [1, 5, 3] },
  ]);
});

it('scores have the names that their publishers gave them', async () => {
  for (const [name, chosenScore, rejectedScore] of [
    ['distilabel_pairs', 5, 1],
    ['binarized', 8.5, 3],
    ['distilabel', 5, 1],
  ] as const) {
    for (const path of [await lines(name, await rowsOf(name)), join(publishedFolder, `${name}.parquet`)]) {
      expect((await readPreferences(path)).at(0)).toMatchObject({ chosenScore, rejectedScore });
    }
  }
});

it.each([
  'tools-structs',
  'tools-json',
  'tools-mixed',
  'tools-structs.parquet',
  'tools-json.parquet',
  'tools-json.jsonl',
])('keys of messages that Python fills with null are absent: %s', async (place) => {
  const rows = await rowsOf('tools');
  expect([...(await readPreferences(join(publishedFolder, place)))]).toEqual(rows);
});

it('takes turns of one answer with a call and its result between them', async () => {
  const call = {
    role: 'assistant',
    content: null,
    tool_calls: [{ type: 'function', function: { name: 'f', arguments: '{}' } }],
  };
  const turns = [call, { role: 'tool', content: 'c' }, { role: 'assistant', content: 'd' }];
  const row = {
    input: { messages: [{ role: 'user', content: 'a' }] },
    preferred_output: turns,
    non_preferred_output: [{ role: 'assistant', content: 'b' }],
  };
  expect((await readPreferences(await lines('several-turns', [row]))).at(0)?.chosen).toHaveLength(3);
});

describe('rows of no shape', () => {
  const readRow = async (row: object) => readPreferences(await lines('refused', [row]));

  it.each([
    [{ chosen: '\n\nHuman: a\n\nAssistant: b', rejected: '\n\nHuman: a\n\nAssistant: c' }, /data build hh/],
    [{ history: 'a', human_ref_A: 'b', human_ref_B: 'c', labels: 1 }, /data build shp/],
    [{ info: {}, summaries: [{}, {}], choice: 0 }, /data build tldr/],
    [{ prompt: 'a', completion: 'b', label: true }, /kto/],
    [{ input: { messages: [] }, preferred_output: [] }, /nearest shape is openai .*"non_preferred_output" is missing/],
    [{ conversation_a: [], conversation_b: [], winer: 'a' }, /nearest shape is arena .*"winner" is missing/],
    [{ a: 1, b: 2 }, /Recognised shapes: .*ShareGPT/],
  ])('say what they are: %j', async (row, hint) => {
    await expect(readRow(row)).rejects.toMatchObject({
      code: 'data.unknown-shape',
      hint: expect.stringMatching(hint),
      values: { line: 1, keys: Object.keys(row) },
    });
  });

  it('that could be read in two ways are refused with both columns', async () => {
    const row = { question: 'a', instruction: 'b', chosen: 'c', rejected: 'd' };
    await expect(readRow(row)).rejects.toMatchObject({
      code: 'data.ambiguous-shape',
      message: expect.stringMatching(/"question" and "instruction"/),
    });
    expect((await readRow({ ...row, instruction: 'a' })).at(0)).toMatchObject({ prompt: 'a', chosen: 'c' });
  });

  it('are refused for their values too', async () => {
    const answer = [{ role: 'assistant', content: 'b' }];
    const openai = {
      input: { messages: [{ role: 'user', content: 'a' }] },
      preferred_output: answer,
      non_preferred_output: answer,
    };
    for (const [code, row] of [
      ['data.wrong-type', { conversation_a: [], conversation_b: [], winner: 'nobody' }],
      ['data.wrong-type', { prompt: 'a', response_0: 'b', response_1: 'c', better_response_id: 2 }],
      ['data.broken-row', { instruction: 'a', generations: ['b'], ratings: [1, 2] }],
      ['data.wrong-type', { input: { messages: 'a' }, preferred_output: answer, non_preferred_output: answer }],
      ['data.several-answers', { ...openai, preferred_output: [...answer, ...answer] }],
      ['data.several-answers', { ...openai, non_preferred_output: [...answer, ...answer] }],
      ['data.empty-answer', { ...openai, non_preferred_output: [] }],
      ['data.wrong-type', { conversations: [{ from: 'human', content: 'a' }], chosen: 'b', rejected: 'c' }],
    ] as const) {
      await expect(readRow(row)).rejects.toMatchObject({ code, values: { line: 1 } });
    }
  });
});
