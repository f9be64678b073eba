import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenizer, type ModelTokenizer } from '../tokenizer.js';

interface Parts {
  readonly models: Readonly<Record<string, unknown>>;
  readonly tokenizers: Readonly<
    Record<string, { readonly json: Record<string, unknown>; readonly model: string; readonly hashes: string }>
  >;
}

const path = new URL('../../../../../tooling/parity/fixtures/tokenizer-parts/parts.json', import.meta.url);
const { models, tokenizers } = JSON.parse(await readFile(path, 'utf8')) as Parts;
function open(name: string): ModelTokenizer {
  const { json, model } = tokenizers[name] as Parts['tokenizers'][string];
  return createTokenizer({ 'tokenizer.json': JSON.stringify({ ...json, model: models[model] }) });
}

/** Texts with characters that matter at borders: blanks, digits, letters of many scripts. */
const texts = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      fc.constantFrom(' ', '  ', '\n', '\r\n', '\t', 'a', 'the', ' the', '12', '345', '.', ':', '語', 'ing', '👩‍👩‍👧'),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''))
  // This character stands for a space, and is decoded to a space.
  .filter((text) => !text.includes('\u2581'));

describe('the ids of a prompt and of an answer', () => {
  it.each(['byte-level', 'llama3', 'o200k', 'deepseek', 'digits', 'ignore-merges'])(
    'decode to both texts: %s',
    (name) => {
      const tokenizer = open(name);
      fc.assert(
        fc.property(texts, texts, (prompt, answer) => {
          const ids = [...tokenizer.encode(prompt), ...tokenizer.encodeAfter(prompt, answer)];
          expect(tokenizer.decode(ids)).toBe(prompt + answer);
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each([
    'llama-prepend',
    'gemma-replace',
    ...['bpe', 'unigram'].flatMap((kind) =>
      ['always', 'first', 'never'].flatMap((scheme) => [
        `metaspace-${kind}-${scheme}-split`,
        `metaspace-${kind}-${scheme}-whole`,
      ]),
    ),
  ])('decode to both texts: %s', (name) => {
    const tokenizer = open(name);
    fc.assert(
      // The tokenizer adds a space at the beginning, so the prompt must not begin with one.
      fc.property(texts, texts, (words, answer) => {
        const prompt = `x${words}`;
        const ids = [...tokenizer.encode(prompt), ...tokenizer.encodeAfter(prompt, answer)];
        expect(tokenizer.decode(ids)).toBe(prompt + answer);
      }),
      { numRuns: 60 },
    );
  });

  it('are the ids of the whole text when these begin with the prompt’s', () => {
    for (const name of [
      'byte-level',
      'llama-prepend',
      'metaspace-unigram-first-split',
      'added-both-bytes',
      'word-piece',
    ]) {
      const tokenizer = open(name);
      fc.assert(
        fc.property(texts, texts, (prompt, answer) => {
          const [before, whole] = [tokenizer.encode(prompt), tokenizer.encode(prompt + answer)];
          fc.pre(before.every((id, i) => id === whole[i]));
          expect(tokenizer.encodeAfter(prompt, answer)).toEqual(whole.slice(before.length));
        }),
        { numRuns: 60 },
      );
    }
  });
});

describe('when a token of the whole text lies across the border', () => {
  it('the answer is encoded as the continuation of the prompt', () => {
    const tokenizer = open('byte-level');
    const [space, the] = [tokenizer.encode('Say: '), tokenizer.encode('the')];
    // The whole text has the token " the" there.
    expect(tokenizer.encode('Say: the').slice(0, space.length)).not.toEqual(space);
    expect(tokenizer.encodeAfter('Say: ', 'the')).toEqual(the);
  });

  it('no space is put before the answer, and a word that continues is cut as such', () => {
    const always = open('metaspace-bpe-always-split');
    expect(always.decode([...always.encode('The sky is'), ...always.encodeAfter('The sky is', 'land')])).toBe(
      'The sky island',
    );
    const words = open('word-piece');
    // "the" is one piece, so the ids of the whole word do not begin with those of "th".
    expect(words.encode('the')).toHaveLength(1);
    expect(words.decode([...words.encode('th'), ...words.encodeAfter('th', 'e')])).toBe('the');
  });
});
