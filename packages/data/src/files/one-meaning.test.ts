import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Message } from '@dpo/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labelledDataset, preferenceDataset, rankedDataset } from '../rows/dataset.js';
import type { ReadNotes } from '../rows/notes.js';
import { convertPreferences, convertToShape } from './convert.js';
import { readLabelled, readPreferences } from './read.js';
import { writePreferences } from './write.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-meaning-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
async function lines(name: string, rows: readonly unknown[]): Promise<string> {
  await writeFile(at(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return at(name);
}
const say = (role: string, content: string): Message => ({ role, content });
const user = say('user', 'Hi');
const [yes, no] = [say('assistant', 'Yes'), say('assistant', 'No')];

describe('a plain answer to a conversation', () => {
  it('is a turn of the assistant, in rows of every format', () => {
    const conversation = { prompt: [user], chosen: [yes], rejected: [no] };
    expect(preferenceDataset([{ prompt: [user], chosen: 'Yes', rejected: 'No' }]).at(0)).toEqual(conversation);
    expect(preferenceDataset([{ prompt: [user], chosen: [yes], rejected: 'No' }]).at(0)).toEqual(conversation);
    const list = rankedDataset([{ prompt: [user], responses: ['Yes', 'No'], scores: [2, 1] }]);
    expect(list.at(0).responses).toEqual([[yes], [no]]);
    expect(labelledDataset([{ prompt: [user], completion: 'Yes', label: true }]).at(0).completion).toEqual([yes]);
  });

  it('is reported', async () => {
    const path = await lines('p.jsonl', [{ prompt: [user], chosen: 'Yes', rejected: 'No' }]);
    const notes: ReadNotes[] = [];
    await readPreferences(path, { onNotes: (note) => notes.push(note) });
    expect(notes[0]?.mended).toMatchObject([{ code: 'answers-as-turns', count: 1, rows: [0] }]);
  });
});

describe('columns that only some rows have', () => {
  const plain = { prompt: 'Hi', chosen: 'Yes', rejected: 'No' };
  const turns = { prompt: [user], chosen: [yes], rejected: [no] };
  const brief = { ...turns, prompt: [say('system', 'Be brief.'), user] };
  const longer = { ...turns, prompt: [say('user', 'a'), say('assistant', 'b'), user] };

  it.each([
    ['first', [{ system: 'Be brief.', ...plain }, plain], [brief, turns]],
    ['last', [plain, plain, { ...plain, history: [['a', 'b']] }], [turns, turns, longer]],
  ])('make conversations of all rows: %s', async (_, rows, conversations) => {
    const path = await lines('p.jsonl', rows);
    const dataset = await readPreferences(path);
    expect([...dataset]).toEqual(conversations);
    expect(dataset.placeOf?.(1)).toMatchObject({ line: 2 });
    for (const name of ['o.jsonl', 'o.csv', 'o.arrow', 'o']) {
      await convertPreferences(path, at(name));
      expect([...(await readPreferences(at(name)))]).toEqual(conversations);
    }
    await convertToShape(path, at('openai.jsonl'), 'openai');
    expect([...(await readPreferences(at('openai.jsonl')))]).toEqual(conversations);
  });

  it('make conversations of instructions, whose input follows in the next line', async () => {
    const rows = [
      { instruction: 'Add.', input: '1 + 1', chosen: 'Yes', rejected: 'No' },
      { instruction: 'Hi', system: 'Be brief.', chosen: 'Yes', rejected: 'No' },
    ];
    const dataset = await readPreferences(await lines('p.jsonl', rows));
    expect([...dataset]).toEqual([{ ...turns, prompt: [say('user', 'Add.\n1 + 1')] }, brief]);
  });
});

describe('the keys of messages', () => {
  const withName = { role: 'user', name: 'Ann', content: 'Hi' };
  const contentFirst = { content: 'Yes', role: 'assistant' };
  const call = { role: 'assistant', content: null, tool_calls: [{ function: { arguments: {}, name: 'f' } }] };
  const rows = [
    { prompt: [withName], chosen: [yes], rejected: [no] },
    {
      prompt: [user, call, { role: 'tool', name: 'f', tool_call_id: 'x', content: '1' }],
      chosen: [yes],
      rejected: [no],
    },
    { prompt: [user, yes, withName], chosen: [yes], rejected: [no] },
  ];

  it('keep the order of the file, in memory and in every format', async () => {
    expect(JSON.stringify([...preferenceDataset(rows)])).toBe(JSON.stringify(rows));
    const path = await lines('p.jsonl', rows);
    const dataset = await readPreferences(path);
    expect(JSON.stringify([...dataset])).toBe(JSON.stringify(rows));
    for (const name of ['o.jsonl', 'o.csv', 'o.arrow', 'o']) {
      await writePreferences(dataset, at(name));
      const copy = await readPreferences(at(name));
      expect(JSON.stringify([...copy])).toBe(JSON.stringify(rows));
      expect(copy.fingerprint).toBe(dataset.fingerprint);
    }
    const reversed = await readPreferences(
      await lines('q.jsonl', [{ prompt: [user], chosen: [contentFirst], rejected: [contentFirst] }]),
    );
    expect(Object.keys(reversed.at(0).prompt[0] ?? {})).toEqual(['role', 'content']);
  });
});

describe('a judged answer in the form of another program', () => {
  const judged = { prompt: [say('system', 'Be brief.'), user], completion: [yes], label: true };
  it.each([
    [
      'ShareGPT',
      {
        conversations: [
          { from: 'human', value: 'Hi' },
          { from: 'gpt', value: 'Yes' },
        ],
        system: 'Be brief.',
        kto_tag: true,
      },
      judged,
    ],
    ['messages', { messages: [...judged.prompt, yes], label: 1 }, judged],
    [
      'Alpaca',
      { instruction: 'Add.', input: '1', output: 'Yes', kto_tag: false },
      { prompt: 'Add.\n\n1', completion: 'Yes', label: false },
    ],
    [
      'Alpaca with a system message',
      { instruction: 'Hi', input: '', output: 'Yes', label: true, system: 'Be brief.' },
      judged,
    ],
    [
      'a tag of its own',
      { prompt: 'Hi', completion: 'Yes', kto_tag: true },
      { prompt: 'Hi', completion: 'Yes', label: true },
    ],
  ])('%s', async (_, row, answer) => {
    const notes: ReadNotes[] = [];
    const dataset = await readLabelled(await lines('k.jsonl', [row]), { onNotes: (note) => notes.push(note) });
    expect([...dataset]).toEqual([answer]);
    expect(notes[0]?.leftAside).toEqual([]);
    await expect(readPreferences(at('k.jsonl'))).rejects.toMatchObject({
      code: 'data.unknown-shape',
      hint: expect.stringContaining('kto'),
    });
  });

  it('is refused when the conversation does not end with an answer', async () => {
    const path = await lines('k.jsonl', [{ messages: [user, yes, user], label: true }]);
    await expect(readLabelled(path)).rejects.toMatchObject({ code: 'data.not-an-answer', values: { line: 1 } });
  });
});
