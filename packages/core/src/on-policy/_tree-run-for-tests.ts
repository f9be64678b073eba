import { join } from 'node:path';
import { writeSafetensors } from '@dpo/base/safetensors';
import { testEngine } from '@dpo/engine/test';
import { latestCheckpoint } from '../list-checkpoints.js';
import type { TrainableModel } from '../model.js';
import { adamw } from '../optimizers/adamw.js';
import { noReference } from '../reference.js';
import { type StepRecord, train } from '../trainer.js';
import { lookUp, prompt, rewardOf, treeLogps, treeModel, treeSampler } from './_tree-model-for-tests.js';
import { fixedKl } from './kl-control.js';
import { type OnPolicyOptions, onPolicyBatches } from './on-policy-batches.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import type { Reward } from './reward.js';
import { rloo } from './rloo.js';
import type { RolloutExample } from './rollout-example.js';

export const judge: Reward = async (requests) =>
  requests.map(({ answers }) => answers.map(({ tokens }) => rewardOf(tokens)));

/** How a tree is trained, where not as usual. */
export type TreeRun = Partial<OnPolicyOptions<RolloutExample>> & {
  readonly make?: (model: TrainableModel) => OnPolicyMethod<RolloutExample>;
  readonly steps?: number;
  readonly rate?: number;
  /** Keeps checkpoints in this folder, and goes on from the latest one. */
  readonly folder?: string;
  /** Steps between checkpoints; without it only an ending saves one. Default 1. */
  readonly everySteps?: number;
};

/** Trains a tree; its records, the policy afterwards, and the error if there was one. */
export async function runTree({
  make = () => rloo(),
  steps = 8,
  rate = 0.1,
  folder,
  everySteps = 1,
  ...options
}: TreeRun) {
  const engine = testEngine();
  const model = treeModel(engine, 'policy');
  const start = await treeLogps(model);
  const training = make(model);
  const records: StepRecord[] = [];
  let error: unknown;
  try {
    const batches = onPolicyBatches({
      ...{ training, prompts: Array.from({ length: 6 }, () => prompt), promptsPerBatch: 4, samples: 2 },
      ...{ control: fixedKl(0.3), epochs: 2, minibatches: 2, seed: 3 },
      ...{ sample: treeSampler(model), reward: judge, reference: lookUp(start), ...options },
    });
    const trained = train<RolloutExample>({
      ...{ model, method: training.method, reference: noReference(), optimizer: adamw(), batches, steps },
      learningRate: () => rate,
      ...(folder === undefined
        ? {}
        : {
            resume: await latestCheckpoint(folder),
            checkpoints: { folder, everySteps, keep: 1, saveModel: (into: string) => save(model, into) },
          }),
    });
    for await (const record of trained) records.push(record);
  } catch (reason) {
    error = reason;
  }
  const policy = (await treeLogps(model)).map((tokens) => [...tokens]);
  await engine.dispose();
  return { records: records as unknown as Record<string, number>[], policy, start, error };
}

async function save(model: TrainableModel, into: string): Promise<void> {
  const entries = [...model.trainable()].map(([name, variable]) => ({
    ...{ name, shape: variable.shape, dtype: 'float32' as const, data: () => variable.read() },
  }));
  await writeSafetensors(join(into, 'model.safetensors'), entries);
}
