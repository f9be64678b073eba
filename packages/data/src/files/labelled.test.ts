import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { labelledDataset, labelPairs, preferenceDataset, rankedDataset } from '../rows/dataset.js';
import type { LabelledAnswer } from '../rows/types.js';
import { joinLabelled } from '../select/join.js';
import { byteTokenizer } from '../test/index.js';
import { encodeAnswers, encodeRankings } from '../tokens/encode-rows.js';
import { readLabelled, readPreferences } from './read.js';
import { writeLabelled, writePreferences } from './write.js';

const folder = await mkdtemp(join(tmpdir(), 'dpo-labelled-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let places = 0;
const place = (ending: string) => join(folder, `answers-${++places}${ending}`);

const word = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text.trim() !== '');
const answers: fc.Arbitrary<LabelledAnswer[]> = fc.array(
  fc.record(
    {
      prompt: word,
      completion: word,
      label: fc.boolean(),
      id: word,
      weight: fc.double({ min: 0, max: 9, noNaN: true }),
    },
    { requiredKeys: ['prompt', 'completion', 'label'] },
  ),
  { minLength: 1, maxLength: 30 },
) as fc.Arbitrary<LabelledAnswer[]>;

describe('judged answers', () => {
  it.each(['.arrow', '.jsonl', '.csv', ''])('are the same after writing and reading: "%s"', async (ending) => {
    await fc.assert(
      fc.asyncProperty(answers, async (rows) => {
        const path = place(ending);
        await writeLabelled(rows, path);
        const copy = await readLabelled(path);
        expect([...copy]).toEqual([...labelledDataset(rows)]);
        expect(copy.fingerprint).toBe(labelledDataset(rows).fingerprint);
      }),
      { numRuns: 15 },
    );
  });

  it('are read with labels of 1 and 0, and as whole conversations', async () => {
    const path = place('.jsonl');
    const user = { role: 'user', content: 'Hi' };
    const assistant = { role: 'assistant', content: 'Hello' };
    await writeFile(path, `${JSON.stringify({ prompt: [user], completion: [user, assistant], label: 1 })}\n`);
    expect([...(await readLabelled(path))]).toEqual([{ prompt: [user], completion: [assistant], label: true }]);
    const csv = place('.csv');
    await writeFile(csv, 'prompt,completion,label\na,b,True\nc,d,0\n');
    expect([...(await readLabelled(csv))].map(({ label }) => label)).toEqual([true, false]);
  });

  it('are refused with the line and the key', async () => {
    const bad = async (row: object) => {
      const path = place('.jsonl');
      await writeFile(
        path,
        `${JSON.stringify({ prompt: 'p', completion: 'c', label: true })}\n${JSON.stringify(row)}\n`,
      );
      return readLabelled(path);
    };
    await expect(bad({ prompt: 'p', completion: 'c', label: 'yes' })).rejects.toMatchObject({
      code: 'data.wrong-type',
      values: { line: 2, key: 'label' },
    });
    await expect(bad({ prompt: 'p', completion: 'c', label: 2 })).rejects.toMatchObject({ code: 'data.wrong-type' });
    await expect(bad({ prompt: 'p', completion: '', label: true })).rejects.toMatchObject({
      code: 'data.empty-answer',
    });
    await expect(bad({ prompt: 'p', chosen: 'c', rejected: 'r' })).rejects.toMatchObject({
      code: 'data.unknown-shape',
      hint: expect.stringContaining('dpo data convert --answers'),
    });
  });

  it('come from pairs too: the chosen answer is desirable, the rejected answer is not', () => {
    const pairs = preferenceDataset([{ prompt: 'p', chosen: 'c', rejected: 'r', id: '1', weight: 2 }]);
    expect([...labelPairs(pairs)]).toEqual([
      { prompt: 'p', completion: 'c', label: true, id: '1', weight: 2 },
      { prompt: 'p', completion: 'r', label: false, id: '1', weight: 2 },
    ]);
  });

  it('are joined from several files', () => {
    const [a, b] = [
      { prompt: 'p', completion: 'c', label: true },
      { prompt: 'q', completion: 'd', label: false },
    ];
    expect([...joinLabelled([labelledDataset([a]), labelledDataset([b])])]).toEqual([a, b]);
  });

  it('pairs keep margins and weights in every format', async () => {
    const pairs = [{ prompt: 'p', chosen: 'c', rejected: 'r', margin: 0.5, weight: 2 }];
    for (const ending of ['.arrow', '.jsonl', '.csv']) {
      const path = place(ending);
      await writePreferences(pairs, path);
      expect([...(await readPreferences(path))]).toEqual(pairs);
    }
  });
});

const tokenizer = byteTokenizer();
const text = (ids: Int32Array) => tokenizer.decode(ids);

describe('encodeAnswers', () => {
  const rows = (prompts: string) =>
    [...prompts].map((prompt, i) => ({ prompt, completion: String(i), label: i % 2 === 0 }));

  it('puts the next other prompt’s answer beside each, around the end', () => {
    const examples = encodeAnswers(rows('aabba'), tokenizer);
    expect(examples.map(({ prompt, completion, mismatched }) => [prompt, completion, mismatched].map(text))).toEqual([
      ['a', '0</s>', '2</s>'],
      ['a', '1</s>', '2</s>'],
      ['b', '2</s>', '4</s>'],
      ['b', '3</s>', '4</s>'],
      ['a', '4</s>', '2</s>'],
    ]);
    expect(examples.map(({ desirable }) => desirable)).toEqual([true, false, true, false, true]);
  });

  it('always finds another prompt’s answer', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 2, maxLength: 12 }), (prompts) => {
        fc.pre(new Set(prompts).size > 1);
        for (const { row, mismatched } of encodeAnswers(rows(prompts.join('')), tokenizer)) {
          const other = Number(text(mismatched).replace('</s>', ''));
          expect(prompts[other]).not.toBe(prompts[row]);
        }
      }),
    );
  });

  it('cuts both answers to what the prompt leaves', () => {
    const [first] = encodeAnswers(
      [
        { prompt: 'abc', completion: 'de', label: true },
        { prompt: 'x', completion: 'fghij', label: false },
      ],
      tokenizer,
      { maxLength: 5 },
    );
    expect([text(first?.completion ?? new Int32Array()), text(first?.mismatched ?? new Int32Array())]).toEqual([
      'de',
      'fg',
    ]);
    expect(first?.cut).toEqual({ prompt: 0, completion: 1 });
  });

  it('refuses data of one prompt', () => {
    expect(() => encodeAnswers(rows('aaa'), tokenizer)).toThrow(expect.objectContaining({ code: 'data.one-prompt' }));
  });
});

describe('encodeRankings', () => {
  it('puts the best first, keeps one of several answers with equal scores and leaves out lists of one score', () => {
    const lists = rankedDataset([
      { prompt: 'p', responses: ['a', 'b', 'c', 'd'], scores: [1, 3, 3, 2], weight: 4 },
      { prompt: 'q', responses: ['a', 'b'], scores: [1, 1] },
      { prompt: 'r', responses: ['a', 'b'], scores: [0, 1] },
    ]);
    const examples = encodeRankings(lists, tokenizer);
    expect(examples.map(({ row, answers: of, weight }) => [row, of.map(text), weight])).toEqual([
      [0, ['b</s>', 'd</s>', 'a</s>'], 4],
      [2, ['b</s>', 'a</s>'], undefined],
    ]);
    expect(() =>
      encodeRankings(rankedDataset([{ prompt: 'q', responses: ['a', 'b'], scores: [1, 1] }]), tokenizer),
    ).toThrow(expect.objectContaining({ code: 'data.no-ranking' }));
  });
});
