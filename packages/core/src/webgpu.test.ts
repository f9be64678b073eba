import type { Engine } from '@dpo/engine';
import { allOnWebGpu, softwareGpu } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { follow, testTrajectories } from './_trajectories-for-tests.js';
import { byteCheckpoints, memoryFiles } from './byte-checkpoints.js';

const gpu = await softwareGpu();
// A minute to a run on a software adapter: tooling/webgpu runs these tests.
const isLeftOut = gpu.missing !== undefined || !allOnWebGpu;

describe.skipIf(isLeftOut)(gpu.title, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await gpu.open();
  });
  afterAll(() => engine.dispose());
  testTrajectories(() => engine);
});

/** The backend of an engine, which tfjs computes on only in the engine's functions. */
async function backendOf(engine: Engine): Promise<{ readonly device: { destroy(): void } }> {
  let backend: unknown;
  const f = engine.function<never, 'zero'>('backend', () => {
    backend = tf.backend();
    return { zero: tf.scalar(0) };
  });
  await f({});
  f.dispose();
  return backend as { readonly device: { destroy(): void } };
}

describe.skipIf(isLeftOut)(`${gpu.title}, when the device is lost in a training`, () => {
  it('says so, and goes on from the last checkpoint on a new device to the weights of an unbroken training', async () => {
    const [run, steps] = [{ options: () => ({}) }, 4];
    const unbroken = await gpu.open();
    const whole = await follow(unbroken, run, { steps });
    await unbroken.dispose();

    const losing = await gpu.open();
    const store = byteCheckpoints(memoryFiles());
    const checkpoints = { store, everySteps: 2 };
    const backend = await backendOf(losing);
    const lose = (step: number) => {
      if (step === 3) backend.device.destroy();
    };
    await expect(follow(losing, run, { steps, checkpoints }, lose)).rejects.toMatchObject({
      code: 'engine.device-lost',
      hint: expect.stringContaining('last checkpoint'),
    });
    await losing.dispose();

    const last = (await store.list()).at(-1);
    expect(last?.step).toBe(2);
    const next = await gpu.open();
    const resumed = await follow(next, run, { steps, checkpoints: { store }, resume: last?.name });
    expect(resumed).toEqual(whole.slice(2 * 2));
    await next.dispose();
  }, 900_000);
});
