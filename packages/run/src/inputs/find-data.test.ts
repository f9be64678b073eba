import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPreferences } from '@dpo/data';
import { FakeHub } from '@dpo/hub/test';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RunContext } from '../context.js';
import { openData } from './find-data.js';

const fixture = fileURLToPath(new URL('../../../../tooling/parity/fixtures/datasets/plain.parquet', import.meta.url));
let home: string;
let hub: FakeHub;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'dpo-hub-data-'));
  const rows = await readFile(fixture);
  hub = new FakeHub({
    'datasets/org/pairs': {
      'data/train-00000-of-00002.parquet': rows,
      'data/train-00001-of-00002.parquet': rows,
      'data/test-00000-of-00001.parquet': rows,
    },
  });
  vi.stubEnv('HF_ENDPOINT', await hub.start());
  vi.stubEnv('HF_HOME', home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
  await rm(home, { recursive: true, force: true });
});

const context: RunContext = {
  note: () => undefined,
  progress: () => undefined,
  signal: new AbortController().signal,
  finishing: (part) => part(),
};

it('fetches the Parquet files of a split of a hub dataset, and reads them as one', async () => {
  const once = [...(await readPreferences(fixture))];
  expect([...(await openData('org/pairs', context))]).toEqual([...once, ...once]);
  expect([...(await openData('datasets/org/pairs@main:test', context))]).toEqual(once);
  const before = hub.requests.length;
  expect((await openData('org/pairs:test', context)).length).toBe(once.length);
  expect(hub.requests.slice(before).filter((request) => request.includes('.parquet'))).toEqual([]); // from the cache
});

it('takes a name for a file when the file exists or when the name looks like a path', async () => {
  expect([...(await openData(fixture, context))]).toEqual([...(await readPreferences(fixture))]);
  await expect(openData('data/none.jsonl', context)).rejects.toMatchObject({ code: 'file.not-found' });
  await expect(openData('./a/b/c', context)).rejects.toMatchObject({ code: 'file.not-found' });
  expect(hub.requests).toEqual([]);
  await expect(openData('org/pairs:validation', context)).rejects.toMatchObject({ code: 'hub.no-split' });
  await expect(openData('org/nothing', context)).rejects.toMatchObject({ code: 'hub.not-found' });
});
