import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { diskFolder } from '@dpo/base/files';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../tokenizer/tokenizer.js';
import { openGguf } from './gguf.js';
import type { GgufValue } from './gguf-cursor.js';
import { GgufMetadata } from './gguf-metadata.js';
import { ggufTokenizerFiles } from './gguf-tokenizer.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/gguf_files/', import.meta.url);

// Ids of the Python packages `sentencepiece` and `tokenizers`, made by tooling/parity/gguf_files.py.
const expected = JSON.parse(await readFile(new URL('tokenizers.json', fixtures), 'utf8')) as Record<
  string,
  [text: string, ids: number[]][]
>;

async function metadataOf(name: string): Promise<Map<string, GgufValue>> {
  const gguf = await openGguf(diskFolder(fileURLToPath(fixtures)), `${name}.gguf`);
  await gguf.close();
  return new Map(gguf.metadata);
}

const tokenizerOf = (metadata: ReadonlyMap<string, GgufValue>) =>
  createTokenizer(ggufTokenizerFiles(new GgufMetadata('some.gguf', metadata), 64));

describe('a tokenizer in a GGUF file', () => {
  it.each([
    ['sentencepiece', [1]],
    ['sentencepiece-bare', [1]],
    ['word-piece', [2]],
  ])('of the kind of %s gives the ids of the original', async (name, prefix) => {
    const tokenizer = tokenizerOf(await metadataOf(name));
    const cases = expected[name] ?? [];
    expect(cases.length).toBeGreaterThan(80);
    // WordPiece's texts have their special tokens around them, SentencePiece's do not.
    const encode = name === 'word-piece' ? tokenizer.encodeWithSpecials : tokenizer.encode;
    const differences = cases.flatMap(([text, ids]) => {
      const got = encode(text);
      return got.join() === ids.join() ? [] : [{ text, got, ids }];
    });
    expect(differences).toEqual([]);
    expect(tokenizer.bosPrefix).toEqual(prefix);
    // WordPiece loses case and spaces.
    if (name !== 'word-piece') for (const [text, ids] of cases) expect(tokenizer.decode(ids)).toBe(text);
  });

  it('keeps capitals when its vocabulary has any', async () => {
    const metadata = await metadataOf('word-piece');
    const tokens = metadata.get('tokenizer.ggml.tokens') as string[];
    const at = tokens.length - 1;
    metadata.set('tokenizer.ggml.tokens', [...tokens.slice(0, at), '\u2581The']);
    expect(tokenizerOf(metadata).encode('The')).toEqual([at]);
  });

  it('ends answers at the ends of a text, a turn and a message', async () => {
    const metadata = await metadataOf('sentencepiece');
    const endsOf = () =>
      (
        JSON.parse(ggufTokenizerFiles(new GgufMetadata('some.gguf', metadata), 64)['generation_config.json'] ?? '') as {
          eos_token_id: unknown;
        }
      ).eos_token_id;
    const eos = metadata.get('tokenizer.ggml.eos_token_id');
    expect(endsOf()).toBe(eos);
    metadata.set('tokenizer.ggml.eot_token_id', 5);
    metadata.set('tokenizer.ggml.eom_token_id', 6);
    expect(endsOf()).toEqual([eos, 5, 6]);
  });

  it.each<[string, string, GgufValue]>([
    ['tokenizer.ggml.model', 'tokenizer.unsupported', 't5'],
    ['tokenizer.ggml.precompiled_charsmap', 'tokenizer.unsupported', [1, 2]],
    ['tokenizer.ggml.remove_extra_whitespaces', 'tokenizer.unsupported', true],
    ['tokenizer.ggml.scores', 'model.bad-gguf', [0, 1]],
    ['tokenizer.ggml.scores', 'model.bad-gguf', 'none'],
    ['tokenizer.ggml.tokens', 'model.bad-gguf', [1]],
    ['tokenizer.ggml.bos_token_id', 'model.bad-gguf', 'one'],
  ])('with another %s is an error of code %s', async (key, code, value) => {
    const metadata = await metadataOf('sentencepiece');
    metadata.set(key, value);
    expect(() => tokenizerOf(metadata)).toThrow(expect.objectContaining({ code }));
  });

  it('has no end token when the file names none, even with a token that usually is one', async () => {
    const metadata = await metadataOf('sentencepiece');
    const eos = metadata.get('tokenizer.ggml.eos_token_id') as number;
    const tokens = metadata.get('tokenizer.ggml.tokens') as string[];
    metadata.set('tokenizer.ggml.tokens', tokens.with(eos, '<|endoftext|>'));
    expect(tokenizerOf(metadata).endTokenIds).toEqual([eos]);
    metadata.delete('tokenizer.ggml.eos_token_id');
    expect(tokenizerOf(metadata)).toMatchObject({ eosTokenId: undefined, endTokenIds: [] });
  });

  it('without tokens has no files', () => {
    expect(ggufTokenizerFiles(new GgufMetadata('some.gguf', new Map()), 64)).toEqual({});
  });
});
