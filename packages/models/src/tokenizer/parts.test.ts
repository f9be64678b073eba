import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createTokenizer, type ModelTokenizer } from './tokenizer.js';

interface TestTokenizer {
  readonly json: Record<string, unknown>;
  readonly model: string;
  readonly config?: Record<string, unknown>;
  /** 8 digits to each text: the beginning of SHA-256 of its ids. */
  readonly hashes: string;
}

interface Parts {
  readonly models: Readonly<Record<string, unknown>>;
  readonly texts: readonly string[];
  readonly tokenizers: Readonly<Record<string, TestTokenizer>>;
}

interface Following {
  readonly prompts: readonly string[];
  readonly answers: readonly string[];
  /** By tokenizer and prompt, 8 digits to each answer; dots when the whole text's ids do not begin with the prompt's. */
  readonly tokenizers: Readonly<Record<string, readonly string[]>>;
}

const fixtures = new URL('../../../../tooling/parity/fixtures/tokenizer-parts/', import.meta.url);
const readFixture = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(name, fixtures), 'utf8'));
const { models, texts, tokenizers } = (await readFixture('parts.json')) as Parts;
const following = (await readFixture('following.json')) as Following;

function open(name: string): ModelTokenizer {
  const { json, model, config } = tokenizers[name] as TestTokenizer;
  return createTokenizer({
    'tokenizer.json': JSON.stringify({ ...json, model: models[model] }),
    'tokenizer_config.json': JSON.stringify(config ?? {}),
  });
}

const digits = (ids: readonly number[]): string => createHash('sha256').update(ids.join()).digest('hex').slice(0, 8);
const at = (hashes: string, i: number): string => hashes.slice(8 * i, 8 * i + 8);

// Ids of transformers with the same files, made by tooling/parity/tokenizer_parts.py.
describe('ids are those of Python', () => {
  it.each(Object.entries(tokenizers))('with the tokenizer %s', (name, { hashes }) => {
    const tokenizer = open(name);
    expect(texts.filter((text, i) => digits(tokenizer.encode(text)) !== at(hashes, i))).toEqual([]);
  });
});

describe('an answer’s ids are those that follow the prompt’s in the whole text in Python', () => {
  it.each(Object.entries(following.tokenizers))('with the tokenizer %s', (name, hashesOfPrompts) => {
    const tokenizer = open(name);
    const wrong: unknown[] = [];
    let across = 0;
    following.prompts.forEach((prompt, p) => {
      following.answers.forEach((answer, a) => {
        const expected = at(hashesOfPrompts[p] as string, a);
        const ids = tokenizer.encodeAfter(prompt, answer);
        if (expected === '........') across++;
        else if (digits(ids) !== expected) wrong.push([prompt, answer, ids]);
      });
    });
    expect(wrong).toEqual([]);
    expect(across).toBeLessThan(hashesOfPrompts.length * following.answers.length * 0.5);
  });
});
