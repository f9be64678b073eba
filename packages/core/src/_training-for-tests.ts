import { type EncodedPair, random } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import { expect } from 'vitest';
import { chosenBatches } from './batches/offline.js';
import { methodNamed } from './methods/method-named.js';
import type { TrainableModel } from './model.js';
import { optimizers } from './optimizers/registry.js';
import { referenceModel } from './reference.js';
import { bigramModel } from './test/bigram-model.js';
import type { StepRecord, TrainOptions } from './trainer.js';

const uniform = random(5);
const tokens = (length: number) => Int32Array.from({ length }, () => Math.floor(uniform() * 11));
/** Twelve pairs of random tokens. */
export const pairs: EncodedPair[] = Array.from({ length: 12 }, (_, i) => ({
  prompt: tokens(1 + (i % 4)),
  chosen: tokens(1 + ((3 * i) % 5)),
  rejected: tokens(1 + ((2 * i) % 6)),
}));

/** Batches of four pairs in the order of the data. */
export const fours = (examples: readonly EncodedPair[]) =>
  chosenBatches(examples, (step) => Array.from({ length: 4 }, (_, i) => ((step - 1) * 4 + i) % examples.length));

/** A training of a bigram model on {@link pairs}. */
export function bigramTraining(
  engine: Engine,
  change: Partial<TrainOptions> = {},
): TrainOptions & { model: TrainableModel } {
  return {
    model: bigramModel(engine),
    method: methodNamed('dpo', { beta: 0.5 }),
    reference: referenceModel(bigramModel(engine, { name: 'reference' })),
    optimizer: optimizers.adamw(),
    learningRate: () => 0.05,
    batches: fours(pairs),
    steps: 6,
    ...change,
  };
}

/** All records of a training. */
export async function all(records: AsyncIterable<StepRecord>): Promise<StepRecord[]> {
  const list: StepRecord[] = [];
  for await (const record of records) list.push(record);
  return list;
}

/** All weights of a model, one after another. */
export async function weightsOf(model: TrainableModel): Promise<number[]> {
  const weights = await Promise.all([...model.weights.values()].map((variable) => variable.read()));
  return weights.flatMap((values) => [...values]);
}

/** Expects numbers to be equal up to rounding. */
export function close(got: readonly number[], want: readonly number[], relative = 1e-5) {
  expect(got.length).toBe(want.length);
  got.forEach((value, i) => {
    expect(Math.abs(value - (want[i] as number))).toBeLessThan(relative * Math.max(1e-2, Math.abs(want[i] as number)));
  });
}

/** log π(answer | prompt) of a bigram model, in float64, straight from its definition. */
export function bigramLogp(weights: readonly number[], prompt: Int32Array, answer: Int32Array): number {
  const v = 11;
  let current = prompt.at(-1) as number;
  let sum = 0;
  for (const next of answer) {
    const logits = Array.from(
      { length: v },
      (_, j) => (weights[current * v + j] as number) + (weights[v * v + j] as number),
    );
    sum += (logits[next] as number) - Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
    current = next;
  }
  return sum;
}
