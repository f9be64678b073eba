import type { EncodedAnswer, EncodedPair } from '@dpo/base';
import type { Collective } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pairs } from './_training-for-tests.js';
import { workers } from './_workers-for-tests.js';
import { chosenBatches } from './batches/offline.js';
import { ktoMethod } from './methods/kto.js';
import { methodNamed } from './methods/method-named.js';
import { supervisedMethod } from './methods/supervised.js';
import { optimizers } from './optimizers/registry.js';
import { referenceModel } from './reference.js';
import { bigramModel } from './test/bigram-model.js';
import { type StepRecord, type TrainOptions, train } from './trainer.js';

const answers: EncodedAnswer[] = pairs.map(({ prompt, chosen, rejected }, i) => ({
  ...{ prompt, completion: chosen, mismatched: rejected, desirable: i % 3 > 0 },
}));
const rows = (step: number) => Array.from({ length: 7 }, (_, i) => ((step - 1) * 7 + i) % pairs.length);

type RunOptions<E extends EncodedPair | EncodedAnswer> = Pick<TrainOptions<E>, 'method' | 'batches'> &
  Partial<TrainOptions<E>>;

/** Trains a bigram model in an engine of its own, and returns its records and its weights afterwards. */
async function run<E extends EncodedPair | EncodedAnswer>(options: RunOptions<E>, collective?: Collective) {
  const engine = testEngine();
  const model = bigramModel(engine);
  const records: StepRecord[] = [];
  for await (const record of train<E>({
    model,
    reference: referenceModel(bigramModel(engine, { name: 'reference', seed: 1 })),
    optimizer: optimizers.adamw(),
    learningRate: () => 0.05,
    steps: 5,
    ...options,
    collective,
  }))
    records.push(record);
  const weights = await Promise.all([...model.trainable().values()].map((variable) => variable.read()));
  await engine.dispose();
  return { records, weights: weights.flatMap((values) => [...values]) };
}

async function expectSame<E extends EncodedPair | EncodedAnswer>(options: RunOptions<E>): Promise<void> {
  const alone = await run(options);
  const together = await Promise.all(workers(2).map((collective) => run(options, collective)));
  for (const worker of together) {
    worker.weights.forEach((weight, i) => {
      expect(weight).toBeCloseTo(alone.weights[i] as number, 4);
    });
    alone.records.forEach((record, k) => {
      for (const [name, value] of Object.entries(record)) {
        if (['pairs_per_second', 'peak_rss_bytes'].includes(name)) continue;
        const got = (worker.records[k] as unknown as Record<string, number>)[name] as number;
        if (!Number.isFinite(value)) expect(got, name).toEqual(value);
        else expect(Math.abs(got - value), `step ${k + 1}, ${name}`).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
      }
    });
  }
  expect(together[0]?.weights).toEqual(together[1]?.weights);
}

describe('two workers take the steps of one with the whole batch', () => {
  const dpo = methodNamed('dpo', { beta: 0.5 });
  const evaluation = { examples: pairs.slice(0, 5), everySteps: 2 };

  it.each(['dpo', 'aot', 'aot-unpaired'])('%s, with micro-batches and evaluations', async (name) => {
    const method = methodNamed(name, { beta: 0.5 });
    await expectSame({ method, batches: chosenBatches(pairs, rows), packing: { microBatches: 2 }, evaluation });
  });

  it('one packed batch each, and steps with an odd example more for one of them', async () => {
    await expectSame({ method: dpo, batches: chosenBatches(pairs, rows) });
  });

  it('clipping by the norm of the whole gradient', async () => {
    const optimizer = optimizers.sgd();
    const options = { method: dpo, batches: chosenBatches(pairs, rows), optimizer, maxGradNorm: 0.05 };
    const { records } = await run(options);
    expect(Math.min(...records.map(({ grad_norm }) => grad_norm))).toBeGreaterThan(0.05);
    await expectSame(options);
  });

  it('KTO, whose KL divergence is estimated over all examples', async () => {
    await expectSame({ method: ktoMethod({ beta: 0.5 }), batches: chosenBatches(answers, rows) });
  });

  it('the mean over all answer tokens', async () => {
    await expectSame({ method: supervisedMethod(), batches: chosenBatches(pairs, rows), evaluation });
  });

  it('refuses a batch, and held-out examples, that leave a worker without an example', async () => {
    const refused = expect.objectContaining({ code: 'train.too-few-examples' });
    const few = workers(2).map((each) => run({ method: dpo, batches: chosenBatches(pairs, () => [3]) }, each));
    for (const worker of await Promise.allSettled(few))
      expect(worker).toMatchObject({ status: 'rejected', reason: refused });
    const heldOut = { examples: pairs.slice(0, 1), everySteps: 1 };
    const options = { method: dpo, batches: chosenBatches(pairs, rows), evaluation: heldOut };
    const both = await Promise.allSettled(workers(2).map((each) => run(options, each)));
    for (const worker of both) expect(worker).toMatchObject({ status: 'rejected', reason: refused });
  });

  it('a gradient that is not finite, which all workers skip', async () => {
    // Only one worker has the first example.
    const poisoned = { ...pairs[0], weight: 1 } as EncodedPair;
    const method = { ...dpo, inputs: (pair: EncodedPair) => ({ numbers: { factor: pair === poisoned ? 1e38 : 1 } }) };
    const apply: typeof dpo.apply = (inputs) => {
      const terms = dpo.apply(inputs);
      const factor = inputs.numbers.factor as tf.Tensor1D;
      return { ...terms, losses: tf.mul(tf.mul(terms.losses, factor), factor) };
    };
    const examples = [poisoned, ...pairs.slice(1)];
    await expectSame({ method: { ...method, apply }, batches: chosenBatches(examples, (step) => [step - 1, 3, 5, 7]) });
  });
});
