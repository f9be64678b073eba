import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from './tokenizer.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/tokenizer/', import.meta.url);
const read = (name: string): Promise<string> => readFile(new URL(name, fixtures), 'utf8');

// Ids and texts that the Python library `tokenizers` gives, made by tooling/parity/tokenizer.py.
describe.each([
  ['smollm', []],
  ['llama3', [0]],
  ['unigram', []],
  ['sentencepiece-bpe', [1]],
  ['word-piece', [2]],
])('the %s tokenizer', async (name, prefix) => {
  const lines = JSON.parse(await read('lines.json')) as string[];
  const { rows } = JSON.parse(await read(`${name}.json`)) as { rows: [ids: number[], decoded?: string][] };
  const tokenizer = await loadTokenizer({ 'tokenizer.json': await read(`${name}.tokenizer.json`) });

  it('encodes as in Python', () => {
    const different = lines.flatMap((text, row) => {
      const ids = tokenizer.encode(text);
      return ids.join() === rows[row]?.[0].join() ? [] : [{ text, ids, expected: rows[row]?.[0] }];
    });
    expect(different).toEqual([]);
  });

  it('decodes as in Python', () => {
    const different = lines.flatMap((text, row) => {
      const [ids, expected = text] = rows[row] ?? [[]];
      const decoded = tokenizer.decode(ids);
      return decoded === expected ? [] : [{ decoded, expected, ids }];
    });
    expect(different).toEqual([]);
  });

  it('puts the same before a prompt', () => {
    expect(tokenizer.bosPrefix).toEqual(prefix);
  });
});
