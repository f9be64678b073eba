import { cp, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { trainInFolder } from './_kill-run-for-tests.js';
import { trainerFiles } from './checkpoint-state.js';
import { checkCheckpoint, findWholeCheckpoint } from './whole-checkpoints.js';

let shared: string;
let run: string;
const at = (name: string) => join(run, name);
const latest = (file: string) => at(join('checkpoint-8', file));

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'dpo-whole-'));
  run = join(shared, 'original');
  await trainInFolder(run, 8, () => undefined);
});
afterAll(() => rm(shared, { recursive: true, force: true }));

let copies = 0;
beforeEach(async () => {
  run = join(shared, `copy-${copies++}`);
  await cp(join(shared, 'original'), run, { recursive: true });
});

async function edit(path: string, change: (state: Record<string, unknown>) => unknown): Promise<void> {
  await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')))));
}

async function setByte(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset] = (bytes[offset] as number) ^ 1;
  await writeFile(path, bytes);
}

it('finds the newest of several whole checkpoints', async () => {
  const { newest, torn } = await findWholeCheckpoint(run);
  expect(newest).toMatchObject({ path: at('checkpoint-8'), state: { step: 8 } });
  expect(torn).toEqual([]);
});

describe('passes over a newest checkpoint, and says why, that', () => {
  const cases: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    ['lacks its state', () => rm(latest(trainerFiles.state)), `${trainerFiles.state} is missing`],
    ['has an empty state', () => writeFile(latest(trainerFiles.state), ''), `${trainerFiles.state} is not JSON`],
    ['has half a state', () => truncate(latest(trainerFiles.state), 60), `${trainerFiles.state} is not JSON`],
    [
      'has a state that is no object',
      () => writeFile(latest(trainerFiles.state), 'null'),
      `${trainerFiles.state} is no JSON object`,
    ],
    ['lacks the optimizer', () => rm(latest('optimizer.safetensors')), 'optimizer.safetensors is missing'],
    ['lacks its weights', () => rm(latest('model.safetensors')), 'model.safetensors is missing'],
    ['has half its weights', () => truncate(latest('model.safetensors'), 300), 'model.safetensors has 300 bytes of'],
    ['has an empty optimizer', () => truncate(latest('optimizer.safetensors'), 0), 'has 0 bytes of'],
    ['has one other bit', () => setByte(latest('optimizer.safetensors'), 900), 'has not the content that was written'],
    [
      'has a state without a step',
      () => edit(latest(trainerFiles.state), ({ step: _, ...rest }) => rest),
      'no sound "step"',
    ],
    [
      'has a broken best',
      () => edit(latest(trainerFiles.state), (state) => ({ ...state, best: 7 })),
      'no sound "best"',
    ],
    [
      'has no optimizer name',
      () => edit(latest(trainerFiles.state), (state) => ({ ...state, optimizer: null })),
      '"optimizer"',
    ],
    [
      'is of a later version',
      () => edit(latest(trainerFiles.state), (state) => ({ ...state, version: 2 })),
      'its version is 2',
    ],
  ];
  it.each(cases)('%s', async (_, damage, why) => {
    await damage();
    const { newest, torn } = await findWholeCheckpoint(run);
    expect(newest?.path).toBe(at('checkpoint-6'));
    expect(torn.map(({ path }) => path)).toEqual([at('checkpoint-8')]);
    expect(torn[0]?.error).toMatchObject({ code: 'checkpoint.unreadable', message: expect.stringContaining(why) });
    await expect(checkCheckpoint(at('checkpoint-8'))).rejects.toMatchObject({ code: 'checkpoint.unreadable' });
  });
});

it('checks headers and sizes when the state lists no digests', async () => {
  await edit(latest(trainerFiles.state), ({ files: _, ...rest }) => rest);
  expect((await findWholeCheckpoint(run)).newest?.path).toBe(at('checkpoint-8'));
  await truncate(latest('model.safetensors'), 300);
  const { newest, torn } = await findWholeCheckpoint(run);
  expect(newest?.path).toBe(at('checkpoint-6'));
  expect(torn[0]?.error.message).toContain('model.safetensors');
});

it('goes by the step in a checkpoint’s state, not by the name of its folder', async () => {
  await rename(at('checkpoint-6'), at('checkpoint-60'));
  expect((await findWholeCheckpoint(run)).newest?.path).toBe(at('checkpoint-8'));
  await rm(at('checkpoint-8'), { recursive: true });
  expect((await findWholeCheckpoint(run)).newest).toMatchObject({ path: at('checkpoint-60'), state: { step: 6 } });
});

it('finds nothing when all checkpoints are torn, and nothing when there is no folder', async () => {
  for (const name of ['checkpoint-6', 'checkpoint-8']) await rm(join(at(name), trainerFiles.state));
  const { newest, torn } = await findWholeCheckpoint(run);
  expect(newest).toBeUndefined();
  expect(torn.map(({ path }) => path)).toEqual([at('checkpoint-8'), at('checkpoint-6')]);
  expect(await findWholeCheckpoint(at('nowhere'))).toEqual({ newest: undefined, torn: [] });
});
