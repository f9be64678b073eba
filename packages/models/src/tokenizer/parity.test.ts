import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from './load-tokenizer.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/tokenizer/', import.meta.url);
const read = (name: string): Promise<string> => readFile(new URL(name, fixtures), 'utf8');

interface Expected {
  /** Ids of the first lines, and the text decoded again where it differs from the line. */
  readonly rows: readonly [ids: number[], decoded?: string][];
  /** 8 digits to each line: the beginning of SHA-256 of its ids and of the decoded text. */
  readonly hashes: string;
}

// Ids and texts that the Python library `tokenizers` gives, made by tooling/parity/tokenizer.py.
describe.each([
  ['smollm', []],
  ['llama3', [0]],
  ['unigram', []],
  ['sentencepiece-bpe', [1]],
  ['word-piece', [2]],
])('the %s tokenizer', async (name, prefix) => {
  const lines = JSON.parse(await read('lines.json')) as string[];
  const { rows, hashes } = JSON.parse(await read(`${name}.json`)) as Expected;
  const tokenizer = await loadTokenizer({ 'tokenizer.json': await read(`${name}.tokenizer.json`) });

  it('encodes and decodes as in Python', () => {
    const different = rows.flatMap(([expected, decodedAs], row) => {
      const text = decodedAs ?? lines[row];
      const ids = tokenizer.encode(lines[row] as string);
      const decoded = tokenizer.decode(expected);
      return ids.join() === expected.join() && decoded === text ? [] : [{ line: lines[row], ids, expected, decoded }];
    });
    expect(different).toEqual([]);
  });

  it('encodes and decodes all lines as in Python', () => {
    expect(lines.length).toBeGreaterThan(2000);
    const different = lines.filter((line, row) => {
      const ids = tokenizer.encode(line);
      const hash = createHash('sha256')
        .update(`${ids.join()}\n${tokenizer.decode(ids)}`)
        .digest('hex');
      return hash.slice(0, 8) !== hashes.slice(8 * row, 8 * row + 8);
    });
    expect(different).toEqual([]);
  });

  it('puts the same before a prompt', () => {
    expect(tokenizer.bosPrefix).toEqual(prefix);
  });
});
