import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DpoError } from '@dpo/base';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ThreadOptions } from './_reading-thread.js';
import { readParquet } from './parquet.js';

const fixtures = fileURLToPath(new URL('../../../../../tooling/parity/fixtures/datasets/', import.meta.url));
const columns = new Set(['prompt', 'chosen', 'rejected', 'completions', 'instruction']);
let folder: string;
let threadOptions: ThreadOptions;
/** A thread runs plain JavaScript: the bundler of vitest makes one file of the sources. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-parquet-'));
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
  const { build } = await import(pathToFileURL(createRequire(vitest).resolve('vite')).href);
  await build({
    configFile: false,
    logLevel: 'silent',
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    ssr: { noExternal: true, resolve: { conditions: ['source'] } },
    build: {
      ssr: fileURLToPath(new URL('parquet-worker.ts', import.meta.url)),
      outDir: folder,
      minify: false,
      rollupOptions: { output: { entryFileNames: 'worker.mjs' } },
    },
  });
  threadOptions = { script: pathToFileURL(join(folder, 'worker.mjs')), limit: () => 2000, heap: 256 };
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function rowsOf(path: string, how?: ThreadOptions): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const records of readParquet(path, columns, undefined, how))
    rows.push(...records.map(({ record }) => record));
  return rows;
}

it('reads the same rows in a thread as in the main thread', async () => {
  for (const name of ['plain.parquet', 'chat.parquet', 'shapes/ultrafeedback.parquet']) {
    const rows = await rowsOf(join(fixtures, name));
    expect(rows.length).toBeGreaterThan(2);
    expect(await rowsOf(join(fixtures, name), threadOptions)).toEqual(rows);
  }
});

it('passes errors on, with their codes', async () => {
  const path = join(folder, 'short.parquet');
  await writeFile(path, (await readFile(join(fixtures, 'plain.parquet'))).subarray(0, 900));
  await expect(rowsOf(path, threadOptions)).rejects.toMatchObject({
    code: 'data.truncated-file',
    values: { path, bytes: 900 },
    hint: 'Write or download it again.',
  });
  await expect(rowsOf(join(folder, 'none.parquet'), threadOptions)).rejects.toMatchObject({ code: 'file.not-found' });
});

it('ends a thread that does not end by itself', async () => {
  const endless = new URL('data:text/javascript,for (;;);');
  await expect(
    rowsOf(join(fixtures, 'plain.parquet'), { script: endless, limit: () => 100, heap: 64 }),
  ).rejects.toMatchObject({
    code: 'data.broken-file',
    values: { reason: 'a row group could not be read within 1 s' },
  });
});

it('survives a thread that fills its memory', async () => {
  const greedy = new URL('data:text/javascript,const all = []; for (;;) all.push(new Array(1e6).fill(0));');
  const how = { script: greedy, limit: () => 60_000, heap: 32 };
  await expect(rowsOf(join(fixtures, 'plain.parquet'), how)).rejects.toMatchObject({
    code: 'data.broken-file',
    message: expect.stringContaining('memory'),
  });
});

it('damage to all columns at once reaches no other file', async () => {
  const bytes = await readFile(join(fixtures, 'plain.parquet'));
  // The pages of all columns lie before the footer.
  bytes.fill(0xff, 4, bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8));
  const path = join(folder, 'no-pages.parquet');
  await writeFile(path, bytes);
  await expect(rowsOf(path, threadOptions)).rejects.toMatchObject({ code: 'data.broken-file' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await rowsOf(join(fixtures, 'plain.parquet'), threadOptions)).toHaveLength(7);
});

it('any damage gives rows or a typed error, soon, and reaches no other file', async () => {
  const sound = join(fixtures, 'plain.parquet');
  const whole = await readFile(sound);
  const rows = await rowsOf(sound, threadOptions);
  const path = join(folder, 'damaged.parquet');
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: whole.length - 5 }), fc.nat({ max: 255 }), async (at, byte) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      await writeFile(path, bytes);
      const error = await rowsOf(path, threadOptions).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error === undefined || DpoError.is(error)).toBe(true);
      expect(await rowsOf(sound, threadOptions)).toEqual(rows);
    }),
    { numRuns: 60 },
  );
});
