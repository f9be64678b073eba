import type { TextToEncode } from '@dpo/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelledDataset, preferenceDataset, rankedDataset } from '../rows/dataset.js';
import { byteTokenizer, encodeEach } from '../test/index.js';
import { encodePairs } from './encode.js';
import { encodeAhead } from './encode-ahead.js';
import { encodeAnswers, encodeRankings } from './encode-rows.js';

const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
const options = fc.record({
  maxLength: fc.option(fc.integer({ min: 40, max: 90 }), { nil: undefined }),
  maxPromptLength: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  eos: fc.boolean(),
});

/** A batch encoder that counts its calls. */
function batchOf(tokenizer: ReturnType<typeof byteTokenizer>) {
  const batch = {
    calls: 0,
    encode: async (texts: readonly TextToEncode[]) => {
      batch.calls++;
      return encodeEach(tokenizer, texts);
    },
  };
  return batch;
}

describe('encoding many texts at once', () => {
  it('gives the same examples as encoding one by one: pairs, with and without a chat template', async () => {
    const message = fc.record({ role: fc.constantFrom('user', 'assistant'), content: word });
    const plain = fc.record({ prompt: word, chosen: word, rejected: word, weight: fc.constant(2) });
    const chat = fc
      .record({ prompt: fc.array(message, { minLength: 1, maxLength: 2 }), chosen: word, rejected: word })
      .map(({ prompt, chosen, rejected }) => ({
        prompt,
        chosen: [{ role: 'assistant', content: chosen }],
        rejected: [{ role: 'assistant', content: rejected }],
      }));
    const sizes = { minLength: 1, maxLength: 6 };
    const pairs = fc.oneof(fc.array(plain, sizes), fc.array(chat, sizes));
    await fc.assert(
      fc.asyncProperty(pairs, options, async (rows, settings) => {
        const tokenizer = byteTokenizer({ chat: true, bos: true });
        const dataset = preferenceDataset(rows);
        const batch = batchOf(tokenizer);
        const ahead = encodeAhead(dataset, encodePairs, tokenizer, batch, settings);
        let examples: unknown;
        try {
          examples = encodePairs(dataset, tokenizer, settings);
        } catch (error) {
          await expect(ahead).rejects.toEqual(error);
          return;
        }
        expect(await ahead).toEqual(examples);
        expect(batch.calls).toBe(1);
      }),
      { numRuns: 60 },
    );
  });

  it('the same for judged answers and rankings', async () => {
    const tokenizer = byteTokenizer();
    const answers = labelledDataset(
      Array.from({ length: 9 }, (_, i) => ({ prompt: `p${i % 4}`, completion: `c${i}`, label: i % 2 === 0 })),
    );
    expect(await encodeAhead(answers, encodeAnswers, tokenizer, batchOf(tokenizer), { maxLength: 4 })).toEqual(
      encodeAnswers(answers, tokenizer, { maxLength: 4 }),
    );
    const lists = rankedDataset([
      { prompt: 'p', responses: ['a', 'b', 'c'], scores: [1, 3, 2] },
      { prompt: 'q', responses: ['a', 'b'], scores: [1, 1] },
    ]);
    expect(await encodeAhead(lists, encodeRankings, tokenizer, batchOf(tokenizer))).toEqual(
      encodeRankings(lists, tokenizer),
    );
  });

  it('encodes a text of several rows once, and tells a text alone from a text that follows another', async () => {
    const tokenizer = byteTokenizer();
    const requests: TextToEncode[] = [];
    const encode = async (texts: readonly TextToEncode[]) => {
      requests.push(...texts);
      return encodeEach(tokenizer, texts);
    };
    const pairs = preferenceDataset([
      { prompt: 'p', chosen: 'p', rejected: 'q' },
      { prompt: 'p', chosen: 'q', rejected: 'r' },
    ]);
    expect(await encodeAhead(pairs, encodePairs, tokenizer, { encode })).toEqual(encodePairs(pairs, tokenizer));
    expect(requests).toEqual(['p', ...['p', 'q', 'r'].map((text) => ({ before: 'p', text }))]);
  });

  it('reads the dataset once', async () => {
    const tokenizer = byteTokenizer();
    const rows = preferenceDataset([{ prompt: 'p', chosen: 'c', rejected: 'd' }]);
    let passes = 0;
    const countingRows = {
      ...rows,
      *[Symbol.iterator]() {
        passes++;
        yield* rows;
      },
      at: () => expect.unreachable('rows come in turn'),
    };
    await encodeAhead(countingRows, encodePairs, tokenizer, batchOf(tokenizer));
    expect(passes).toBe(1);
  });

  it('encodes a large dataset in slices, even when the first slice has one prompt only', async () => {
    const tokenizer = byteTokenizer();
    const rows = (same: number, others: number) =>
      labelledDataset(
        Array.from({ length: same + others }, (_, i) => ({
          prompt: i < same ? 'same' : `p${i}`,
          completion: `c${i}`,
          label: true,
        })),
      );
    const progress: number[] = [];
    const large = rows(2, 4998);
    const batch = batchOf(tokenizer);
    const examples = await encodeAhead(large, encodeAnswers, tokenizer, batch, {
      onProgress: (rows) => progress.push(rows),
    });
    expect(examples).toEqual(encodeAnswers(large, tokenizer));
    expect([batch.calls, progress]).toEqual([2, [4096, 5000]]);
    // All rows of the first slice have one prompt. The answer of another prompt comes from the second slice.
    const odd = rows(4500, 500);
    expect(await encodeAhead(odd, encodeAnswers, tokenizer, batchOf(tokenizer))).toEqual(encodeAnswers(odd, tokenizer));
  });

  it('names the wrong row as encoding one by one does, and stops at a signal', async () => {
    const tokenizer = byteTokenizer();
    const pairs = preferenceDataset([
      { prompt: 'abc', chosen: 'd', rejected: 'e' },
      { prompt: 'abcdef', chosen: 'd', rejected: 'e' },
    ]);
    await expect(
      encodeAhead(pairs, encodePairs, tokenizer, batchOf(tokenizer), { maxLength: 5 }),
    ).rejects.toMatchObject({
      code: 'data.answer-cut-away',
      values: { row: 1 },
    });
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(encodeAhead(pairs, encodePairs, tokenizer, batchOf(tokenizer), { signal })).rejects.toThrow('stop');
  });

  it('does not wait for the batch encoder after a signal', async () => {
    const control = new AbortController();
    const batch = { encode: () => new Promise<never>(() => setImmediate(() => control.abort(new Error('enough')))) };
    const pairs = preferenceDataset([{ prompt: 'a', chosen: 'b', rejected: 'c' }]);
    const { signal } = control;
    await expect(encodeAhead(pairs, encodePairs, byteTokenizer(), batch, { signal })).rejects.toThrow('enough');
  });
});
