import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncodedPair } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { weightSaver } from './_save-weights-for-tests.js';
import { chosenBatches } from './batches/offline.js';
import type { EvaluationOptions } from './evaluation.js';
import { latestCheckpoint, listCheckpoints } from './list-checkpoints.js';
import { methodNamed } from './methods/method-named.js';

import { optimizers } from './optimizers/registry.js';
import { readCheckpointState } from './read-checkpoint-state.js';
import { referenceModel } from './reference.js';
import { bigramModel } from './test/bigram-model.js';
import { type StepRecord, type TrainOptions, train } from './trainer.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-endings-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pair = (prompt: number, chosen: number, rejected: number): EncodedPair => ({
  prompt: Int32Array.of(prompt),
  chosen: Int32Array.of(chosen),
  rejected: Int32Array.of(rejected),
});
const training = [pair(1, 2, 3)];
/** The opposite of the training data, whose loss grows from the first step of the training. */
const contrary = [pair(1, 3, 2)];

async function run(change: Partial<TrainOptions>, checkpoints = {}): Promise<StepRecord[]> {
  const engine = testEngine();
  const model = bigramModel(engine);
  const records: StepRecord[] = [];
  for await (const record of train({
    model,
    method: methodNamed('dpo', { beta: 0.5 }),
    reference: referenceModel(bigramModel(engine, { name: 'reference' })),
    optimizer: optimizers.adamw(),
    learningRate: () => 0.05,
    batches: chosenBatches(training, () => [0]),
    steps: 12,
    checkpoints: { folder, saveModel: weightSaver(model), ...checkpoints },
    ...change,
  }))
    records.push(record);
  return records;
}

const evaluation = (change: Partial<EvaluationOptions>): EvaluationOptions => ({
  examples: contrary,
  everySteps: 1,
  ...change,
});

describe('early stopping', () => {
  it('ends after `patience` evaluations that are no better, with a checkpoint', async () => {
    const records = await run({ evaluation: evaluation({ patience: 3 }) });
    // The first evaluation stays the best.
    expect(records.map(({ step, best }) => [step, best])).toEqual([
      [1, true],
      [2, undefined],
      [3, undefined],
      [4, undefined],
    ]);
    expect(await latestCheckpoint(folder)).toBe(join(folder, 'checkpoint-4'));
    expect((await readCheckpointState(join(folder, 'checkpoint-4'))).best?.step).toBe(1);
  });

  it('goes on while evaluations get better, and counts only gains above `minDelta`', async () => {
    const better = await run({ evaluation: evaluation({ examples: training, patience: 1 }), steps: 6 });
    expect(better.map(({ best }) => best)).toEqual([true, true, true, true, true, true]);
    const gains = better.slice(1).map((record, i) => (better[i]?.eval_loss as number) - (record.eval_loss as number));
    const minDelta = 1.5 * Math.max(...gains);
    const strict = await run({ evaluation: evaluation({ examples: training, patience: 1, minDelta }), steps: 6 });
    // No single step gains one and a half times the largest gain.
    expect(strict.map(({ best }) => best)).toEqual([true, undefined]);
  });

  it('counts larger margins as better', async () => {
    const records = await run({
      evaluation: evaluation({ examples: training, patience: 2, metric: 'eval_rewards/margins' }),
      steps: 4,
    });
    expect(records.map(({ best }) => best)).toEqual([true, true, true, true]);
  });

  it('counts on when a run that it ended is resumed', async () => {
    await run({ evaluation: evaluation({ patience: 3 }) });
    const resume = join(folder, 'checkpoint-4');
    expect(await run({ evaluation: evaluation({ patience: 3 }), resume })).toEqual([]);
    // Three evaluations were no better than the first, so that two more make five.
    const more = await run({ evaluation: evaluation({ patience: 5 }), resume });
    expect(more.map(({ step }) => step)).toEqual([5, 6]);
  });
});

describe('the best checkpoint', () => {
  it('is written after its evaluation, and stays however old it gets', async () => {
    await run({ evaluation: evaluation({}), steps: 6 }, { best: true, everySteps: 1, keep: 2, atEnd: true });
    expect((await listCheckpoints(folder)).map(({ step }) => step)).toEqual([1, 5, 6]);
  });

  it('replaces the one before', async () => {
    const records = await run(
      { evaluation: evaluation({ examples: training }), steps: 4 },
      { best: true, keep: 1, atEnd: false },
    );
    expect(records.every(({ best }) => best)).toBe(true);
    expect((await listCheckpoints(folder)).map(({ step }) => step)).toEqual([4]);
  });
});

it('a run that has taken long enough ends as if the step were its last', async () => {
  const records = await run({ evaluation: evaluation({ everySteps: 100 }), maxSeconds: 0 });
  expect(records).toHaveLength(1);
  expect(records[0]?.eval_loss).toBeGreaterThan(0);
  expect(await latestCheckpoint(folder)).toBe(join(folder, 'checkpoint-1'));
});
