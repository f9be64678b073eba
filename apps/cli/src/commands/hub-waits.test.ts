import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeHub } from '@dpo/hub/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programFromSources, startProgram } from '../_program-for-tests.js';

const fixture = fileURLToPath(new URL('../../../../tooling/parity/fixtures/datasets/plain.parquet', import.meta.url));

let folder: string;
let program: string;
let hub: FakeHub;
let env: NodeJS.ProcessEnv;
let rows: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-hub-waits-'));
  program = await programFromSources(join(folder, 'program'));
  rows = await readFile(fixture);
  hub = new FakeHub({ 'datasets/org/pairs': { 'train.parquet': rows } });
  env = {
    HF_ENDPOINT: await hub.start(),
    HF_HOME: join(folder, 'hf'),
    HF_TOKEN: '',
    XDG_CACHE_HOME: join(folder, 'cache'),
  };
}, 60_000);
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

const half = () => Math.floor(rows.length / 2);

describe.skipIf(process.platform === 'win32')('the program, at a hub that stops', () => {
  it.each<[string, string, NodeJS.Signals, (response: ServerResponse) => unknown]>([
    ['before its list', '/api/', 'SIGINT', () => undefined],
    [
      'within a file',
      '/elsewhere/',
      'SIGTERM',
      (response) => response.writeHead(200, { 'content-length': rows.length }).write(rows.subarray(0, half())),
    ],
  ])('%s, says what it waits for and ends at the first signal', async (_, point, signal, stop) => {
    hub.intercept = (request, response, url) => {
      if (request.method === 'HEAD' || !url.startsWith(point)) return false;
      stop(response);
      return true;
    };
    const running = startProgram(program, ['data', 'validate', 'org/pairs'], env);
    await running.says('Waiting for ');
    running.child.kill(signal);
    expect(await running.ended).toEqual({ code: 130, signal: null });
    expect(running.notes()).toMatch(/^Interrupted/m);
    expect(running.notes()).not.toContain('Error');
  });

  it('goes on in the next run where the last one stopped, and leaves nothing else', async () => {
    hub.intercept = () => false;
    hub.requests.length = 0;
    const running = startProgram(program, ['data', 'validate', 'org/pairs'], env);
    await running.ended;
    expect(hub.requests.filter((request) => request.endsWith(` bytes=${half()}-`))).not.toEqual([]);
    const blobs = await readdir(join(folder, 'hf', 'hub', 'datasets--org--pairs', 'blobs'));
    expect(blobs).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });
});
