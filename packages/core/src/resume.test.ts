import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EncodedPair } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import { addLora, loadModel, saveAdapter, saveModel } from '@dpo/models';
import { expect, it } from 'vitest';
import { chosenBatches } from './batches/offline.js';
import { methodNamed } from './methods/method-named.js';
import { optimizers } from './optimizers/registry.js';
import { precomputedReference, referenceModel, withoutAdapter } from './reference.js';
import { sequenceLogps } from './score.js';
import { type StepRecord, train } from './trainer.js';

const path = fileURLToPath(new URL('../../../tooling/parity/fixtures/core/llama', import.meta.url));
const ids = (...values: number[]) => Int32Array.from(values);
const pairs: readonly EncodedPair[] = Array.from({ length: 5 }, (_, i) => ({
  prompt: ids(1 + i, 7),
  chosen: ids(3, 4 + i, 0),
  rejected: ids(9 - i, 0),
}));
const STEPS = 5;

const names = Object.keys(optimizers) as (keyof typeof optimizers)[];
const cases = names.flatMap((name, i) =>
  (['all weights', 'an adapter'] as const).flatMap((trained, j) =>
    (['precomputed', 'online'] as const).map(
      // The k of a case varies, so that every k occurs with every kind of run.
      (reference, l) => [name, trained, reference, 1 + ((i + j + 2 * l) % (STEPS - 1))] as const,
    ),
  ),
);

it.each(cases)('train 5 = train k, kill, resume: %s, %s, reference %s, k = %i', async (name, trained, kind, k) => {
  const folder = await mkdtemp(join(tmpdir(), 'dpo-resume-'));
  const start = async (resume?: string, until = STEPS) => {
    const engine = testEngine();
    const { model: base, source } = await loadModel(engine, path);
    const lora = trained === 'an adapter';
    const model = lora ? await addLora(base, { rank: 2, alpha: 4, seed: 1 }) : base;
    const frozen = async () => (lora ? withoutAdapter(model) : referenceModel((await loadModel(engine, path)).model));
    const logps = async () =>
      sequenceLogps(
        base,
        pairs.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected] })),
      );
    const numbers = async (scores: number[][]) =>
      precomputedReference({ chosen: scores.map(([a]) => a as number), rejected: scores.map(([, b]) => b as number) });
    const records: StepRecord[] = [];
    for await (const record of train({
      ...{ model, steps: STEPS, resume, method: methodNamed('dpo') },
      reference: kind === 'online' ? await frozen() : await numbers(await logps()),
      optimizer: optimizers[name](),
      learningRate: (step) => 0.01 / step,
      batches: chosenBatches(pairs, (step) => [step % 5, (step + 2) % 5]),
      checkpoints: {
        folder,
        everySteps: 1,
        saveModel: (into) => (lora ? saveAdapter(model, into) : saveModel(model, into, { source })),
      },
    })) {
      if (record.step > until) break;
      records.push(record);
    }
    const weights = [];
    for (const variable of model.trainable().values()) weights.push([...(await variable.read())]);
    return { losses: records.map(({ loss, grad_norm }) => [loss, grad_norm]), weights };
  };
  try {
    const whole = await start();
    await rm(folder, { recursive: true });
    await start(undefined, k);
    const resumed = await start(join(folder, `checkpoint-${k}`));
    expect(resumed.losses).toEqual(whole.losses.slice(k));
    expect(resumed.weights).toEqual(whole.weights);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
