import type { Engine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { all, bigramLogp, bigramTraining, close, fours, pairs, weightsOf } from './_training-for-tests.js';
import { chosenBatches } from './batches/offline.js';
import type { Method } from './method.js';
import { preferenceMethod } from './methods/preference.js';
import { supervisedMethod } from './methods/supervised.js';
import type { TrainableModel } from './model.js';
import { optimizers } from './optimizers/registry.js';
import { noReference, precomputedReference, referenceModel } from './reference.js';
import { bigramModel } from './test/bigram-model.js';
import { type StepRecord, type TrainOptions, train } from './trainer.js';

describe('a step', () => {
  it('starts at ln 2 with every reward 0 and an accuracy of one half', async () => {
    const [first] = await all(train(bigramTraining(testEngine(), { steps: 1 })));
    expect(first?.loss).toBeCloseTo(Math.LN2, 6);
    expect(first?.['rewards/chosen']).toBe(0);
    expect(first?.['rewards/rejected']).toBe(0);
    expect(first?.['rewards/margins']).toBe(0);
    expect(first?.['rewards/accuracies']).toBe(0.5);
    expect(first?.learning_rate).toBe(0.05);
    expect(first?.step).toBe(1);
    expect(first?.epoch).toBeCloseTo(4 / 12);
    expect(first?.pairs_per_second).toBeGreaterThan(0);
    expect(first?.peak_rss_bytes).toBeGreaterThan(1e6);
  });

  it('is gradient descent on the mean loss over its pairs, by hand', async () => {
    // At the reference the gradient of −log σ(β (Δ_w − Δ_l)) is −β/2 (∇log π(y_w) − ∇log π(y_l)).
    const engine = testEngine();
    const training = bigramTraining(engine, { optimizer: optimizers.sgd(), learningRate: () => 1, steps: 1 });
    const before = await weightsOf(training.model);
    const [record] = await all(train(training));
    const after = await weightsOf(training.model);
    const h = 1e-4;
    const objective = (weights: readonly number[]) =>
      pairs
        .slice(0, 4)
        .reduce(
          (sum, { prompt, chosen, rejected }) =>
            sum + (0.5 / 2) * (bigramLogp(weights, prompt, chosen) - bigramLogp(weights, prompt, rejected)),
          0,
        ) / 4;
    const gradient = before.map((_, i) => {
      const moved = (by: number) => before.map((w, j) => (j === i ? w + by : w));
      return (objective(moved(h)) - objective(moved(-h))) / (2 * h);
    });
    after.forEach((value, i) => {
      expect(value - (before[i] as number)).toBeCloseTo(gradient[i] as number, 4);
    });
    expect(record?.grad_norm).toBeCloseTo(Math.hypot(...gradient), 4);
    expect(record?.['logps/chosen']).toBeCloseTo(
      pairs.slice(0, 4).reduce((sum, p) => sum + bigramLogp(before, p.prompt, p.chosen), 0) / 4,
      4,
    );
  });

  it('clips the gradient', async () => {
    const engine = testEngine();
    const training = bigramTraining(engine, {
      optimizer: optimizers.sgd(),
      learningRate: () => 1,
      steps: 1,
      maxGradNorm: 0.01,
    });
    const before = await weightsOf(training.model);
    const [record] = await all(train(training));
    const after = await weightsOf(training.model);
    expect(record?.grad_norm).toBeGreaterThan(0.02);
    expect(Math.hypot(...after.map((value, i) => value - (before[i] as number)))).toBeCloseTo(0.01, 4);
  });

  it('hands out the numbers of each pair before their means', async () => {
    const means: [number, number][] = [];
    const onColumns: TrainOptions['onColumns'] = (step, { losses }) =>
      means.push([step, losses.reduce((sum, loss) => sum + loss, 0) / losses.length]);
    const records = await all(train(bigramTraining(testEngine(), { steps: 3, onColumns })));
    expect(means).toEqual(records.map(({ step, loss }) => [step, loss]));
  });

  it('negates the margin when the answers are swapped', async () => {
    const reference = precomputedReference({
      chosen: pairs.map((_, i) => -5 - i),
      rejected: pairs.map((_, i) => -3 - 2 * i),
    });
    const swapped = precomputedReference({
      chosen: pairs.map((_, i) => -3 - 2 * i),
      rejected: pairs.map((_, i) => -5 - i),
    });
    const [plain] = await all(train(bigramTraining(testEngine(), { steps: 1, reference })));
    const [back] = await all(
      train(
        bigramTraining(testEngine(), {
          steps: 1,
          reference: swapped,
          batches: fours(pairs.map(({ prompt, chosen, rejected }) => ({ prompt, chosen: rejected, rejected: chosen }))),
        }),
      ),
    );
    expect(back?.['rewards/margins']).toBeCloseTo(-(plain?.['rewards/margins'] as number), 6);
    expect(back?.['rewards/chosen']).toBeCloseTo(plain?.['rewards/rejected'] as number, 6);
    expect(back?.['rewards/accuracies']).toBeCloseTo(1 - (plain?.['rewards/accuracies'] as number), 6);
  });

  it('moves the chosen answers up and the rejected ones down', async () => {
    const records = await all(train(bigramTraining(testEngine(), { steps: 30 })));
    const last = records.at(-1) as StepRecord;
    expect(last.loss).toBeLessThan(0.45);
    expect(last['rewards/margins']).toBeGreaterThan(0.5);
    expect(last['rewards/accuracies']).toBeGreaterThan(0.5);
    expect(records.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });
});

describe('accumulation', () => {
  it.each(Object.keys(optimizers) as (keyof typeof optimizers)[])(
    'in any number of micro-batches is the big batch (%s)',
    async (name) => {
      const optimizer = optimizers[name]();
      const big = bigramTraining(testEngine(), { optimizer, packing: { microBatches: 1 } });
      const bigRecords = await all(train(big));
      // 3 of 4 pairs makes micro-batches of 2, 1 and 1 pairs: weighed by pairs, not by micro-batch means.
      for (const accumulation of [2, 3, 4]) {
        const small = bigramTraining(testEngine(), { optimizer, packing: { microBatches: accumulation } });
        const records = await all(train(small));
        close(await weightsOf(small.model), await weightsOf(big.model), 1e-4);
        close(
          records.map(({ loss }) => loss),
          bigRecords.map(({ loss }) => loss),
        );
        close(
          records.map(({ grad_norm }) => grad_norm),
          bigRecords.map(({ grad_norm }) => grad_norm),
          1e-4,
        );
      }
    },
  );

  it('follows from the positions that memory allows', async () => {
    // One position holds no pair, so that every pair is a micro-batch of its own.
    const training = bigramTraining(testEngine(), { steps: 1, packing: { positions: 1 } });
    const calls: string[] = [];
    const listening = {
      ...training.model.engine,
      function: (...of: Parameters<Engine['function']>) => {
        const compiled = training.model.engine.function(...of);
        const call = (inputs: Parameters<typeof compiled>[0]) => {
          calls.push(of[0]);
          return compiled(inputs);
        };
        return Object.assign(call, { traces: 0, dispose: () => compiled.dispose() });
      },
    } as Engine;
    await all(train({ ...training, model: { ...training.model, engine: listening } }));
    expect(calls.filter((name) => name === 'accumulate').length).toBeGreaterThan(1);
    expect(calls.filter((name) => name === 'apply')).toHaveLength(1);
  });
});

describe('methods are functions', () => {
  it('supervised fine-tuning raises the chosen answers and reports no rewards', async () => {
    const training = bigramTraining(testEngine(), {
      method: supervisedMethod({ averageOver: 'answers' }),
      reference: noReference(),
      steps: 20,
    });
    const start = await weightsOf(training.model);
    const records = await all(train(training));
    const first = records[0] as StepRecord;
    const mean = pairs.slice(0, 4).reduce((sum, { prompt, chosen }) => sum + bigramLogp(start, prompt, chosen), 0) / 4;
    expect(first.loss).toBeCloseTo(-mean, 4);
    expect(first['logps/chosen']).toBeCloseTo(mean, 4);
    expect(Object.keys(first).filter((key) => key.startsWith('rewards') || key.includes('rejected'))).toEqual([]);
    expect((records.at(-1) as StepRecord).loss).toBeLessThan(first.loss);
  });

  it('one’s own loss trains as the registry’s', async () => {
    const mine: Method = preferenceMethod('mine', (policyW, policyL, referenceW, referenceL) => {
      const chosenRewards = tf.mul(tf.sub(policyW, referenceW), 0.5) as tf.Tensor1D;
      const rejectedRewards = tf.mul(tf.sub(policyL, referenceL), 0.5) as tf.Tensor1D;
      const losses = tf.softplus(tf.sub(rejectedRewards, chosenRewards)) as tf.Tensor1D;
      return { losses, chosenRewards, rejectedRewards };
    });
    const [a, b] = [
      await all(train(bigramTraining(testEngine(), { method: mine }))),
      await all(train(bigramTraining(testEngine()))),
    ];
    expect(a.map(({ loss }) => loss)).toEqual(b.map(({ loss }) => loss));
  });
});

describe('evaluation', () => {
  it('comes under eval_ names when it is due and after the last step, and changes nothing', async () => {
    const heldOut = pairs.slice(0, 5);
    const plain = bigramTraining(testEngine(), { steps: 5 });
    const watched = bigramTraining(testEngine(), {
      steps: 5,
      evaluation: { examples: heldOut, everySteps: 2 },
      packing: { positions: 60 },
    });
    const [a, b] = [await all(train(plain)), await all(train(watched))];
    expect(b.map(({ eval_loss }) => eval_loss !== undefined)).toEqual([false, true, false, true, true]);
    expect(b.map(({ loss }) => loss)).toEqual(a.map(({ loss }) => loss));
    const weights = await weightsOf(watched.model);
    const last = b.at(-1) as StepRecord;
    expect(last['eval_logps/rejected']).toBeCloseTo(
      heldOut.reduce((sum, p) => sum + bigramLogp(weights, p.prompt, p.rejected), 0) / heldOut.length,
      4,
    );
    expect(last['eval_rewards/accuracies']).toBeGreaterThanOrEqual(0);
  });
});

describe('stopping', () => {
  it('ends after the step in progress when the signal is aborted', async () => {
    const controller = new AbortController();
    const steps: number[] = [];
    for await (const { step } of train(bigramTraining(testEngine(), { steps: 100, signal: controller.signal }))) {
      steps.push(step);
      if (step === 3) controller.abort();
    }
    expect(steps).toEqual([1, 2, 3]);
  });

  it('frees its tensors', async () => {
    const engine = testEngine();
    const training = bigramTraining(engine, { steps: 3, packing: { microBatches: 2 } });
    const before = tf.memory().numTensors;
    await all(train(training));
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('names a row that does not exist', async () => {
  await expect(all(train(bigramTraining(testEngine(), { batches: chosenBatches(pairs, () => [99]) })))).rejects.toThrow(
    expect.objectContaining({ code: 'train.no-such-row' }),
  );
});

it('has only the policy compute layers again, and only when the options say so', async () => {
  const engine = testEngine();
  const settings: Record<string, (boolean | undefined)[]> = { policy: [], reference: [] };
  const listening = (name: 'policy' | 'reference'): TrainableModel => {
    const model = bigramModel(engine, { name });
    return {
      ...model,
      tokenLogps: (params, batch, options) => {
        settings[name]?.push(options?.activationCheckpointing);
        return model.tokenLogps(params, batch, options);
      },
    };
  };
  for (const activationCheckpointing of [undefined, true]) {
    const [model, reference] = [listening('policy'), referenceModel(listening('reference'))];
    await all(train(bigramTraining(engine, { model, reference, steps: 1, activationCheckpointing })));
  }
  expect(settings).toEqual({ policy: [false, true], reference: [undefined, undefined] });
  await engine.dispose();
});
