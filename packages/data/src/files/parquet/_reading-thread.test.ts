import { expect, it } from 'vitest';
import type { ThreadOptions } from './_reading-thread.js';
import { readParquet } from './parquet.js';

/** A thread that replies with the number of its file. The second file is damaged, the third never ends. */
const script = new URL(`data:text/javascript,
  import { parentPort } from 'node:worker_threads';
  let files = 0;
  parentPort.on('message', (request) => {
    if (request === 'close') return;
    if (request === 'next') parentPort.postMessage({ group: undefined });
    else if (++files === 2) parentPort.postMessage({ error: new Error('damaged') });
    else if (files < 3) parentPort.postMessage({ group: { rows: [{ files }], columns: ['files'] } });
  });`);

/** The thread's reply for a file's first rows. Any file will do, since the thread does not read the file. */
async function readFirst(threadOptions: ThreadOptions): Promise<unknown> {
  for await (const [first] of readParquet(import.meta.filename, new Set(['files']), undefined, threadOptions)) {
    return first?.record;
  }
  return undefined;
}

async function readThrough(threadOptions: ThreadOptions): Promise<unknown> {
  let last: unknown;
  for await (const [first] of readParquet(import.meta.filename, new Set(['files']), undefined, threadOptions))
    last = first?.record;
  return last;
}

it('reads one file after another in one thread, also after a damaged file, until a file does not end', async () => {
  let milliseconds = 3000;
  const threadOptions: ThreadOptions = { script, limit: () => milliseconds, heap: 64 };
  expect(await readThrough(threadOptions)).toEqual({ files: 1 });
  await expect(readThrough(threadOptions)).rejects.toMatchObject({ code: 'data.broken-file' });
  milliseconds = 50;
  await expect(readThrough(threadOptions)).rejects.toMatchObject({
    values: { reason: expect.stringContaining('within') },
  });
  milliseconds = 3000;
  expect(await readThrough(threadOptions)).toEqual({ files: 1 });
});

it('uses a thread again whose file was not read to its end', async () => {
  const threadOptions: ThreadOptions = { script, limit: () => 3000, heap: 64 };
  expect(await readFirst(threadOptions)).toEqual({ files: 1 });
  await expect(readThrough(threadOptions)).rejects.toMatchObject({ code: 'data.broken-file' });
});

it('reads several files at a time in as many threads', async () => {
  const threadOptions: ThreadOptions = { script, limit: () => 3000, heap: 64 };
  const two = () => Promise.allSettled([readThrough(threadOptions), readThrough(threadOptions)]);
  const [first, second] = await two();
  expect([first, second]).toEqual(Array(2).fill({ status: 'fulfilled', value: { files: 1 } }));
  // The same two threads: each has come to its second file.
  expect((await two()).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
