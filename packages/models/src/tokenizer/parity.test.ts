import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from './load-tokenizer.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/tokenizer/', import.meta.url);
const readFixture = (name: string): Promise<string> => readFile(new URL(name, fixtures), 'utf8');

interface Expected {
  /** The ids of the first lines, and their decoded text when it differs from the line. Called `rows` in the fixture. */
  readonly rows: readonly [ids: number[], decoded?: string][];
  /** 8 digits to each line: the beginning of SHA-256 of its ids and of the decoded text. */
  readonly hashes: string;
}

// Ids and texts of the Python library `tokenizers`, made by tooling/parity/tokenizer.py.
describe.each([
  ['smollm', []],
  ['llama3', [0]],
  ['unigram', []],
  ['sentencepiece-bpe', [1]],
  ['word-piece', [2]],
])('the %s tokenizer', async (name, prefix) => {
  const lines = JSON.parse(await readFixture('lines.json')) as string[];
  const { rows: firstLines, hashes } = JSON.parse(await readFixture(`${name}.json`)) as Expected;
  const tokenizer = await loadTokenizer({ 'tokenizer.json': await readFixture(`${name}.tokenizer.json`) });

  it('encodes and decodes as in Python', () => {
    const differences = firstLines.flatMap(([expected, otherText], i) => {
      const line = lines[i] as string;
      const ids = tokenizer.encode(line);
      const text = tokenizer.decode(expected);
      return ids.join() === expected.join() && text === (otherText ?? line) ? [] : [{ line, ids, expected, text }];
    });
    expect(differences).toEqual([]);
  });

  it('encodes and decodes all lines as in Python', () => {
    expect(lines.length).toBeGreaterThan(2000);
    const differences = lines.filter((line, i) => {
      const ids = tokenizer.encode(line);
      const hash = createHash('sha256')
        .update(`${ids.join()}\n${tokenizer.decode(ids)}`)
        .digest('hex');
      return hash.slice(0, 8) !== hashes.slice(8 * i, 8 * i + 8);
    });
    expect(differences).toEqual([]);
  });

  it('puts the same ids before a prompt', () => {
    expect(tokenizer.bosPrefix).toEqual(prefix);
  });
});
