import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBatchEncoder } from './open-batch-encoder.js';
import { createTokenizer, type ModelTokenizer } from './tokenizer.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/tokenizer/', import.meta.url);
const readFixture = (name: string): Promise<string> => readFile(new URL(name, fixtures), 'utf8');
const open = async (name: string): Promise<ModelTokenizer> =>
  createTokenizer({ 'tokenizer.json': await readFixture(`${name}.tokenizer.json`) });
const lines = JSON.parse(await readFixture('lines.json')) as string[];
const plain = (ids: readonly ArrayLike<number>[]) => ids.map((each) => Array.from(each));

let folder: string;
let workerScript: URL;
/** A thread runs plain JavaScript, so vitest's bundler puts the sources into one file. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-encode-'));
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
  const { build } = await import(pathToFileURL(createRequire(vitest).resolve('vite')).href);
  await build({
    configFile: false,
    logLevel: 'silent',
    root: fileURLToPath(new URL('../..', import.meta.url)),
    ssr: { noExternal: true, resolve: { conditions: ['source'] } },
    build: {
      ssr: fileURLToPath(new URL('encode-worker.ts', import.meta.url)),
      outDir: folder,
      minify: false,
      rollupOptions: { output: { entryFileNames: 'worker.mjs' } },
    },
  });
  workerScript = pathToFileURL(join(folder, 'worker.mjs'));
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(['smollm', 'llama3', 'unigram', 'sentencepiece-bpe', 'word-piece'])('the %s tokenizer', (name) => {
  it('encodes in the native library to the same ids', async () => {
    const tokenizer = await open(name);
    const encoder = await openBatchEncoder(tokenizer);
    expect([encoder.by, encoder.note]).toEqual(['native', undefined]);
    expect(plain(await encoder.encode(lines))).toEqual(lines.map((line) => tokenizer.encode(line)));
  });

  it('encodes what follows a text to the same ids', async () => {
    const tokenizer = await open(name);
    const encoder = await openBatchEncoder(tokenizer);
    const following = lines.slice(0, 400).map((text, i) => ({ before: lines[(7 * i) % 400] as string, text }));
    expect(plain(await encoder.encode(following))).toEqual(
      following.map(({ before, text }) => tokenizer.encodeAfter(before, text)),
    );
  });
});

describe('the smollm tokenizer', () => {
  it('gives the same ids for any text, native and here', async () => {
    const tokenizer = await open('smollm');
    const [native, here] = [
      await openBatchEncoder(tokenizer),
      await openBatchEncoder(tokenizer, { native: false, threads: 1 }),
    ];
    expect(here.by).toBe('here');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { maxLength: 5 }), async (texts) => {
        expect(plain(await native.encode(texts))).toEqual(plain(await here.encode(texts)));
      }),
      { numRuns: 60 },
    );
  });

  it('encodes in worker threads to the same ids, in order, batch after batch', async () => {
    const tokenizer = await open('smollm');
    const encoder = await openBatchEncoder(tokenizer, { native: false, threads: 2, workerScript });
    expect(encoder.by).toBe('workers');
    const many = Array.from({ length: 6 }, (_, k) => lines.map((line) => `${line} ${k}`)).flat();
    expect(plain(await encoder.encode(many))).toEqual(many.map((text) => tokenizer.encode(text)));
    expect(plain(await encoder.encode(['', 'one']))).toEqual([[], tokenizer.encode('one')]);
    const after = { before: 'Say: ', text: 'the' };
    expect(plain(await encoder.encode([after]))).toEqual([tokenizer.encodeAfter(after.before, after.text)]);
    expect(await encoder.encode([])).toEqual([]);
    await encoder.close();
  });

  it('starts no threads for little text', async () => {
    const encoder = await openBatchEncoder(await open('smollm'), { native: false, threads: 2, units: 1000 });
    expect(encoder.by).toBe('here');
  });

  it('is not used in the native library when a pattern may never end', async () => {
    const json = JSON.parse(await readFixture('smollm.tokenizer.json')) as Record<string, unknown>;
    const normalizer = { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: 'a' };
    const tokenizer = createTokenizer({ 'tokenizer.json': JSON.stringify({ ...json, normalizer }) });
    const encoder = await openBatchEncoder(tokenizer, { threads: 1 });
    expect(encoder.by).toBe('here');
    expect(plain(await encoder.encode(['baaa']))).toEqual([tokenizer.encode('ba')]);
  });

  it('does not use the native library when its ids differ', async () => {
    const tokenizer = await open('smollm');
    // A tokenizer with other ids than its files give, as if the library executed a part otherwise.
    const other = { ...tokenizer, encode: (text: string) => [...tokenizer.encode(text), 7] };
    const encoder = await openBatchEncoder(other, { threads: 1 });
    expect([encoder.by, encoder.note]).toEqual(['here', 'it gives other ids for "Hello, world!"']);
    expect(plain(await encoder.encode(['a']))).toEqual([other.encode('a')]);
  });

  it('goes on in this thread when a sample differs', async () => {
    const tokenizer = await open('smollm');
    const other = { ...tokenizer, encode: (text: string) => (text === 'odd' ? [1] : tokenizer.encode(text)) };
    const encoder = await openBatchEncoder(other);
    expect(encoder.by).toBe('native');
    expect(plain(await encoder.encode(['odd', 'even']))).toEqual([[1], tokenizer.encode('even')]);
    expect(plain(await encoder.encode(['even', 'odd']))).toEqual([tokenizer.encode('even'), [1]]);
  });

  it('throws when a worker cannot use the tokenizer', async () => {
    const tokenizer = await open('smollm');
    const broken = { ...tokenizer, files: { 'tokenizer.json': '{"model":{"type":"Nothing"}}' } };
    const encoder = await openBatchEncoder(broken, { native: false, threads: 2, workerScript });
    await expect(encoder.encode(['a'])).rejects.toMatchObject({ code: expect.stringMatching(/^tokenizer\./) });
    await encoder.close();
  });
});
