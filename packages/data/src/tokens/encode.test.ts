import { DpoError } from '@dpo/base';
import { pack } from '@dpo/base/packing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preferenceDataset } from '../rows/dataset.js';
import type { PreferencePair } from '../rows/types.js';
import { byteTokenizer, tinyPairs } from '../test/index.js';
import { cutSummary } from './cuts.js';
import { encodePairs, encodePrompts, pairGroup } from './encode.js';

const plain = byteTokenizer();
const withBos = byteTokenizer({ bos: true });
const chat = byteTokenizer({ chat: true });
const EOS = 2;

function encodeOne(pair: PreferencePair, tokenizer = plain, options = {}) {
  const [example] = encodePairs([pair], tokenizer, options);
  if (example === undefined) throw new Error('there is no example');
  return {
    prompt: tokenizer.decode(example.prompt),
    chosen: tokenizer.decode(example.chosen),
    rejected: tokenizer.decode(example.rejected),
    cut: example.cut,
  };
}

describe('encodePairs', () => {
  it('encodes prompt and answers apart and ends each answer with EOS', () => {
    expect(encodeOne({ prompt: 'ab', chosen: 'cd', rejected: 'e' })).toEqual({
      prompt: 'ab',
      chosen: 'cd</s>',
      rejected: 'e</s>',
      cut: { prompt: 0, chosen: 0, rejected: 0 },
    });
  });

  it('puts BOS before the prompt alone, and never twice', () => {
    expect(encodeOne({ prompt: 'ab', chosen: 'c', rejected: 'd' }, withBos)).toMatchObject({
      prompt: '<s>ab',
      chosen: 'c</s>',
    });
    expect(encodeOne({ prompt: '<s>ab', chosen: 'c', rejected: 'd' }, withBos).prompt).toBe('<s>ab');
    expect(encodeOne({ prompt: '', chosen: 'c', rejected: 'd' }, withBos).prompt).toBe('<s>');
  });

  it('adds no second EOS, and none when the tokenizer has none', () => {
    expect(encodeOne({ prompt: 'a', chosen: 'c</s>', rejected: '</s>d' })).toMatchObject({
      chosen: 'c</s>',
      rejected: '</s>d</s>',
    });
    const [example] = encodePairs([{ prompt: 'a', chosen: 'c', rejected: 'd' }], { ...plain, eosTokenId: undefined });
    expect(plain.decode(example?.chosen ?? [])).toBe('c');
  });

  it('adds no EOS when eos is false, and keeps an EOS of the text', () => {
    const pair = { prompt: 'a', chosen: 'cut of', rejected: 'whole</s>' };
    expect(encodeOne(pair, plain, { eos: false })).toMatchObject({ chosen: 'cut of', rejected: 'whole</s>' });
  });

  it('cuts the prompt at its beginning, and answers at their end, which then have no EOS', () => {
    const pair = { prompt: 'abcdef', chosen: 'ghij', rejected: 'k' };
    expect(encodeOne(pair, plain, { maxPromptLength: 4, maxLength: 7 })).toEqual({
      prompt: 'cdef',
      chosen: 'ghi',
      rejected: 'k</s>',
      cut: { prompt: 2, chosen: 2, rejected: 0 },
    });
    expect(encodeOne(pair, plain, { maxLength: 10 })).toMatchObject({ chosen: 'ghij', cut: { chosen: 1 } });
    expect(encodeOne(pair, plain, { maxLength: 11 })).toMatchObject({ chosen: 'ghij</s>', cut: { chosen: 0 } });
  });

  it('counts every cut', () => {
    const pairs = [
      { prompt: 'abcdef', chosen: 'ghij', rejected: 'k' },
      { prompt: 'ab', chosen: 'c', rejected: 'd' },
      { prompt: 'abcdefgh', chosen: 'ijkl', rejected: 'mnop' },
    ];
    expect(cutSummary(encodePairs(pairs, plain, { maxPromptLength: 4, maxLength: 7 }))).toEqual({
      rows: 3,
      truncatedPrompts: 2,
      truncatedAnswers: 3,
      truncatedRows: 2,
      promptTokensCut: 6,
      answerTokensCut: 6,
    });
  });

  it('adds nothing to conversations as the template writes them', () => {
    const pair: PreferencePair = {
      prompt: [{ role: 'user', content: 'hi' }],
      chosen: [{ role: 'assistant', content: 'hello' }],
      rejected: [{ role: 'assistant', content: 'go away' }],
    };
    expect(encodeOne(pair, { ...chat, bosPrefix: [1] })).toMatchObject({
      prompt: '[user] hi</s>[assistant] ',
      chosen: 'hello</s>',
      rejected: 'go away</s>',
    });
  });

  it('keeps within the limits, loses nothing else, and ends in EOS unless cut', () => {
    const text = fc.string({ minLength: 1, maxLength: 20 });
    const cases = fc.record({
      prompt: text,
      chosen: text,
      rejected: text,
      limit: fc.integer({ min: 2, max: 40 }),
      promptLimit: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(cases, ({ limit, promptLimit, ...pair }) => {
        const maxPromptLength = Math.min(promptLimit, limit - 1);
        const [example] = encodePairs([pair], withBos, { maxLength: limit, maxPromptLength });
        if (example === undefined) throw new Error('there is no example');
        const whole = [1, ...withBos.encode(pair.prompt)];
        expect([...example.prompt]).toEqual(whole.slice(example.cut.prompt));
        expect(example.prompt.length).toBe(Math.min(whole.length, maxPromptLength));
        for (const key of ['chosen', 'rejected'] as const) {
          const answer = [...withBos.encode(pair[key]), EOS];
          expect([...example[key]]).toEqual(answer.slice(0, answer.length - example.cut[key]));
          expect(example.prompt.length + example[key].length).toBeLessThanOrEqual(limit);
          if (example.cut[key] > 0) expect(example.prompt.length + example[key].length).toBe(limit);
        }
      }),
    );
  });

  it.each([
    ['data.answer-cut-away', { prompt: 'abcd', chosen: 'c', rejected: 'd' }, plain, { maxLength: 4 }],
    ['data.empty-prompt', { prompt: '', chosen: 'c', rejected: 'd' }, plain, {}],
    ['data.empty-answer', { prompt: 'a', chosen: '', rejected: 'd' }, plain, {}],
    ['data.no-chat-template', { prompt: [{ role: 'user', content: 'a' }], chosen: 'b', rejected: 'c' }, plain, {}],
    ['data.mixed-row', { prompt: 'a', chosen: [{ role: 'assistant', content: 'b' }], rejected: 'c' }, plain, {}],
    ['options.invalid', { prompt: 'a', chosen: 'b', rejected: 'c' }, plain, { maxLength: 0 }],
  ] as const)('refuses with %s, naming the row', (code, pair, tokenizer, options) => {
    try {
      encodePairs([{ prompt: 'x', chosen: 'y', rejected: 'z' }, pair], tokenizer, options);
      expect.unreachable();
    } catch (error) {
      expect(DpoError.is(error, code), String(error)).toBe(true);
      if (DpoError.is(error) && code.startsWith('data.')) expect(error.values.row).toBe(1);
    }
  });

  it('feeds packing', () => {
    const pairs = encodePairs(tinyPairs(), plain);
    const batch = pack(pairs.slice(0, 8).map(pairGroup));
    expect(batch.sequences).toBe(16);
    expect(batch.lengths[1]).toBe(pairs[0]?.rejected.length);
  });
});

describe('the tokens of answers', () => {
  const pair = { prompt: 'ab', chosen: 'cd', rejected: 'e' };

  it('an answer has the tokens that follow its prompt’s', () => {
    const requests: unknown[] = [];
    const encodeAfter = (before: string, text: string) => {
      requests.push([before, text]);
      return [7];
    };
    const [example] = encodePairs([pair], { ...plain, encodeAfter });
    expect(requests).toEqual([
      ['ab', 'cd'],
      ['ab', 'e'],
    ]);
    expect([...(example?.chosen ?? [])]).toEqual([7, EOS]);
    requests.length = 0;
    const messages = { prompt: [{ role: 'user', content: 'x' }], chosen: 'y', rejected: 'z' };
    encodePairs([messages], { ...chat, encodeAfter });
    expect(requests).toEqual([
      ['[user] x</s>[assistant] ', 'y</s>'],
      ['[user] x</s>[assistant] ', 'z</s>'],
    ]);
    // A tokenizer that encodes plain answers on their own.
    expect(encodePairs([pair], { ...plain, encodeAfter, answersApart: true })).toEqual(encodePairs([pair], plain));
  });

  it('an answer that ends in any end token gets no second one', () => {
    const [c] = plain.encode('c');
    const ends = { ...plain, endTokenIds: [EOS, c as number] };
    expect(encodeOne({ prompt: 'a', chosen: 'bc', rejected: 'cb' }, ends)).toMatchObject({
      chosen: 'bc',
      rejected: 'cb</s>',
    });
  });

  it('a token without a row in the embedding is an error that names row and token', () => {
    const [z] = plain.encode('z');
    const small = { ...plain, embeddingRows: z as number };
    expect(encodePairs([pair], small)).toEqual(encodePairs([pair], plain));
    const expectRefusal = (change: Partial<typeof pair>, key: string) =>
      expect(() => encodePairs([pair, { ...pair, ...change }], small)).toThrow(
        expect.objectContaining({
          code: 'data.token-without-row',
          message: `row 1: ${key}: the token "z" has the id ${z}, and the model's embedding only ${z} rows.`,
          values: { row: 1, key, token: 'z', id: z, embeddingRows: z },
        }),
      );
    expectRefusal({ prompt: 'az' }, 'prompt');
    expectRefusal({ rejected: 'yz' }, 'rejected');
    expect(() => encodePairs([pair], { ...plain, embeddingRows: 200, eosTokenId: 300 })).toThrow(
      expect.objectContaining({ code: 'data.token-without-row' }),
    );
  });

  it('an error of the tokenizer gets the row and the key', () => {
    const encodeAfter = (_before: string, text: string): number[] => {
      if (text === 'e')
        throw new DpoError('tokenizer.endless-pattern', 'Too long.', { values: { a: 1 }, hint: 'Shorten it.' });
      return [7];
    };
    expect(() => encodePairs([pair], { ...plain, encodeAfter })).toThrow(
      expect.objectContaining({
        code: 'tokenizer.endless-pattern',
        message: 'row 0: rejected: Too long.',
        values: { a: 1, row: 0, key: 'rejected' },
        hint: 'Shorten it.',
      }),
    );
  });
});

describe('encodePrompts', () => {
  it('encodes as encodePairs does', () => {
    const dataset = preferenceDataset(tinyPairs());
    const prompts = encodePrompts(
      Array.from(dataset, ({ prompt }) => prompt),
      withBos,
      { maxPromptLength: 12 },
    );
    const pairs = encodePairs(dataset, withBos, { maxPromptLength: 12 });
    expect(prompts.map(({ row, tokens, cut }) => [row, tokens, cut])).toEqual(
      pairs.map(({ row, prompt, cut }) => [row, prompt, cut.prompt]),
    );
  });
});
