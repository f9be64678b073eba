import { testEngine } from '@dpo/engine/test';
import { weightSaver } from './_save-weights-for-tests.js';
import { chosenBatches } from './batches/offline.js';
import { methodNamed } from './methods/method-named.js';
import { optimizers } from './optimizers/registry.js';
import { learningRates } from './optimizers/schedules.js';
import { referenceModel } from './reference.js';
import { bigramModel } from './test/bigram-model.js';
import { train } from './trainer.js';
import { findWholeCheckpoint } from './whole-checkpoints.js';

const pairs = Array.from({ length: 10 }, (_, i) => ({
  prompt: Int32Array.of(i % 7, (i * 3) % 11),
  chosen: Int32Array.of((i * 5) % 11, i % 4, 10),
  rejected: Int32Array.of((i * 2) % 9, 10),
}));

/** Trains with a checkpoint after every second step, from the folder's newest whole checkpoint when there is one. */
export async function trainInFolder(folder: string, steps: number, onStep: (step: number) => void): Promise<number[]> {
  const engine = testEngine();
  const model = bigramModel(engine);

  for await (const { step } of train({
    model,
    method: methodNamed('dpo'),
    reference: referenceModel(bigramModel(engine, { name: 'reference' })),
    optimizer: optimizers.adamw({ weightDecay: 0.1 }),
    learningRate: learningRates({ learningRate: 0.03, schedule: 'cosine', warmupSteps: 3, steps }),
    batches: chosenBatches(pairs, (step) => [step % 10, (step * 3) % 10, (step * 7) % 10]),
    steps,
    checkpoints: {
      folder,
      everySteps: 2,
      keep: 2,
      saveModel: weightSaver(model),
    },
    resume: (await findWholeCheckpoint(folder)).newest?.path,
  }))
    onStep(step);
  const weights = await Promise.all([...model.trainable().values()].map((variable) => variable.read()));
  await engine.dispose();
  return weights.flatMap((values) => [...values]);
}

const [folder, steps] = process.argv.slice(2);
if (process.env.DPO_KILL_RUN === '1' && folder !== undefined)
  await trainInFolder(folder, Number(steps), (step) => process.send?.(step));
