import { expect, it } from 'vitest';
import type { Apart } from './_reading-thread.js';
import { readParquet } from './parquet.js';

/** A thread that says which of its files it is given: the second is damaged, the third never comes to an end. */
const script = new URL(`data:text/javascript,
  import { parentPort } from 'node:worker_threads';
  let files = 0;
  parentPort.on('message', (request) => {
    if (request === 'close') return;
    if (request === 'next') parentPort.postMessage({ group: undefined });
    else if (++files === 2) parentPort.postMessage({ error: new Error('damaged') });
    else if (files < 3) parentPort.postMessage({ group: { rows: [{ files }], columns: ['files'] } });
  });`);

/** What the thread says of a file's first rows: any file does, since the thread does not look at the file. */
async function readFirst(apart: Apart): Promise<unknown> {
  for await (const [placed] of readParquet(import.meta.filename, new Set(['files']), undefined, apart)) {
    return placed?.record;
  }
  return undefined;
}

async function readThrough(apart: Apart): Promise<unknown> {
  let last: unknown;
  for await (const [placed] of readParquet(import.meta.filename, new Set(['files']), undefined, apart))
    last = placed?.record;
  return last;
}

it('reads one file after another in one thread, also after a damaged one, until one does not come to an end', async () => {
  let milliseconds = 3000;
  const apart: Apart = { script, limit: () => milliseconds, heap: 64 };
  expect(await readThrough(apart)).toEqual({ files: 1 });
  await expect(readThrough(apart)).rejects.toMatchObject({ code: 'data.broken-file' });
  milliseconds = 50;
  await expect(readThrough(apart)).rejects.toMatchObject({ values: { reason: expect.stringContaining('within') } });
  milliseconds = 3000;
  expect(await readThrough(apart)).toEqual({ files: 1 });
});

it('goes on with a thread whose file was left before its end', async () => {
  const apart: Apart = { script, limit: () => 3000, heap: 64 };
  expect(await readFirst(apart)).toEqual({ files: 1 });
  await expect(readThrough(apart)).rejects.toMatchObject({ code: 'data.broken-file' });
});

it('reads several files at a time in as many threads', async () => {
  const apart: Apart = { script, limit: () => 3000, heap: 64 };
  const two = () => Promise.allSettled([readThrough(apart), readThrough(apart)]);
  const [first, second] = await two();
  expect([first, second]).toEqual(Array(2).fill({ status: 'fulfilled', value: { files: 1 } }));
  // The same two threads: each has come to its second file.
  expect((await two()).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
