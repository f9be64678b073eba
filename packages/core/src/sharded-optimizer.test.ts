import type { Collective, Engine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { all, bigramTraining, close, pairs, weightsOf } from './_training-for-tests.js';
import { workers } from './_workers-for-tests.js';
import { byteCheckpoints, memoryFiles } from './byte-checkpoints.js';
import type { CheckpointStore } from './checkpoint-store.js';
import { methodNamed } from './methods/method-named.js';
import { adamw } from './optimizers/adamw.js';
import { lion } from './optimizers/lion.js';
import { withRateRatios } from './optimizers/rate-ratios.js';
import { optimizers } from './optimizers/registry.js';
import { rmsprop } from './optimizers/rmsprop.js';
import { sgd } from './optimizers/sgd.js';
import type { Optimizer } from './optimizers/types.js';
import { joinShares, shareOfTensor, weightShares } from './step/weight-share.js';
import { type StepRecord, type TrainOptions, train } from './trainer.js';

/** Trains in an engine of its own. Returns the weights, and the elements of the optimizer's variables. */
async function run(change: Partial<TrainOptions>) {
  const engine = testEngine();
  const sizes = new Map<string, number>();
  const counting: Engine = {
    ...engine,
    variable: (name, shape, initial) => {
      sizes.set(name, tf.util.sizeFromShape([...shape]));
      return engine.variable(name, shape, initial);
    },
  };
  const options = bigramTraining(counting, change);
  const records = await all(train(options));
  const weights = await weightsOf(options.model);
  await engine.dispose();
  return { records, weights, sizes };
}

const divided = (size: number, changeOf: (collective: Collective) => Partial<TrainOptions>) =>
  Promise.all(workers(size).map((collective) => run({ ...changeOf(collective), collective, shardOptimizer: true })));

describe('shares of a weight', () => {
  it('are ranges one after another, and begin at multiples of 16', () => {
    expect(weightShares(121, { size: 2 })).toEqual([
      { start: 0, length: 64 },
      { start: 64, length: 57 },
    ]);
    for (const size of [2, 3, 4, 8])
      for (const numbers of [16 * size * (size - 1) + 1, 5000, 38_597_376]) {
        const shares = weightShares(numbers, { size }) ?? [];
        expect(shares.map(({ length }) => length).every((length) => length > 0)).toBe(true);
        expect(shares.reduce((end, { start, length }) => (start === end ? end + length : Number.NaN), 0)).toBe(numbers);
      }
  });

  it('are none of a weight that is too small', () => {
    expect(weightShares(32, { size: 2 })).toBeUndefined();
    expect(weightShares(33, { size: 2 })).toBeDefined();
  });

  it.each([[[121]], [[121, 40, 5000]]])('of weights of %j numbers are joined in one exchange', async (sizes) => {
    const wholes = sizes.map((size, w) => Float32Array.from({ length: size }, (_, i) => 1e4 * w + i));
    for (const count of [2, 3]) {
      const joined = await Promise.all(
        workers(count).map((collective) =>
          joinShares(
            collective,
            wholes.map((whole) => {
              const length = 16 * Math.ceil(whole.length / count / 16);
              const values = whole.slice(collective.rank * length, (collective.rank + 1) * length);
              return { size: whole.length, values };
            }),
          ),
        ),
      );
      for (const ofWorker of joined) expect(ofWorker).toEqual(wholes);
    }
  });

  it('hold the numbers row by row', () => {
    testEngine();
    const matrix = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    expect([...shareOfTensor(matrix, { start: 2, length: 3 }).dataSync()]).toEqual([3, 4, 5]);
  });
});

describe('workers that divide the optimizer’s state', () => {
  const cases: readonly [string, Optimizer, readonly string[]][] = [
    ['AdamW with weight decay', adamw({ weightDecay: 0.1 }), ['exp_avg', 'exp_avg_sq']],
    ['AdamW with rates by group', withRateRatios(adamw(), { embeddings: 0.5 }), ['exp_avg', 'exp_avg_sq']],
    ['RMSprop with momentum', rmsprop({ momentum: 0.5, weightDecay: 0.1 }), ['square_avg', 'momentum_buffer']],
    ['SGD with momentum', sgd({ momentum: 0.9, weightDecay: 0.1 }), ['momentum_buffer']],
    ['Lion', lion({ weightDecay: 0.1 }), ['exp_avg']],
  ];

  it.each(cases)('take the steps of one, and each keeps its share alone: %s', async (_, optimizer, slots) => {
    const change = { optimizer, maxGradNorm: 0.2 };
    const alone = await run(change);
    for (const size of [2, 3]) {
      const together = await divided(size, () => change);
      for (const { weights, records, sizes } of together) {
        close(weights, alone.weights);
        close(
          records.map(({ grad_norm }) => grad_norm),
          alone.records.map(({ grad_norm }) => grad_norm),
        );
        for (const slot of slots) expect(sizes.get(`${slot}/bias`)).toBe(11);
      }
      for (const slot of slots) {
        const lengths = together.map(({ sizes }) => sizes.get(`${slot}/table`));
        expect(lengths).toEqual(size === 2 ? [64, 57] : [48, 48, 25]);
      }
      for (const { weights } of together) expect(weights).toEqual(together[0]?.weights);
    }
  });

  it.each([
    ['Adafactor, whose rows and columns need the whole gradient', optimizers.adafactor()],
    ['SGD, which keeps nothing', sgd()],
  ])('leave an optimizer as it is that cannot be divided: %s', async (_, optimizer) => {
    const alone = await run({ optimizer });
    for (const { weights } of await divided(2, () => ({ optimizer }))) close(weights, alone.weights);
  });

  it('skip a step without a finite gradient, and keep weights and moments', async () => {
    const dpo = methodNamed('dpo', { beta: 0.5 });
    // The fifth pair, of which one worker has the loss, overflows in steps 2 and 5.
    const method: typeof dpo = {
      ...dpo,
      inputs: (pair) => ({ numbers: { factor: pair === pairs[4] ? 1e38 : 1 } }),
      apply: (inputs) => {
        const terms = dpo.apply(inputs);
        const factor = inputs.numbers.factor as tf.Tensor1D;
        return { ...terms, losses: tf.mul(tf.mul(terms.losses, factor), factor) };
      },
    };
    const skips = ({ records }: { readonly records: readonly StepRecord[] }) =>
      records.flatMap(({ step, skipped }) => (skipped ? [step] : []));
    const alone = await run({ method });
    expect(skips(alone)).toEqual([2, 5]);
    for (const worker of await divided(2, () => ({ method }))) {
      expect(skips(worker)).toEqual([2, 5]);
      close(worker.weights, alone.weights);
    }
  });
});

describe('checkpoints of a divided state', () => {
  const store = (): CheckpointStore => byteCheckpoints(memoryFiles());
  const leading = (collective: Collective, checkpoints: CheckpointStore, everySteps?: number) =>
    collective.rank === 0 ? { checkpoints: { store: checkpoints, everySteps } } : {};

  it('are those of one worker', async () => {
    const [ofOne, ofThree] = [store(), store()];
    await run({ checkpoints: { store: ofOne, everySteps: 2 } });
    await divided(3, (collective) => leading(collective, ofThree, 2));
    expect((await ofThree.list()).map(({ name }) => name)).toEqual((await ofOne.list()).map(({ name }) => name));
    const [one, three] = [await ofOne.open('checkpoint-6.bin'), await ofThree.open('checkpoint-6.bin')];
    for (const name of ['exp_avg/table', 'exp_avg_sq/table', 'exp_avg/bias']) {
      const [a, b] = [await one.tensors('optimizer'), await three.tensors('optimizer')];
      expect(b.shape(name)).toEqual(a.shape(name));
      close([...(await b.read(name))], [...(await a.read(name))], 1e-4);
    }
  });

  it.each([
    [3, 2],
    [1, 2],
    [2, 1],
  ])('of %i workers are opened by %i, who go on as one from the beginning', async (before, after) => {
    const checkpoints = store();
    const change = { checkpoints: { store: checkpoints } };
    if (before === 1) await run({ ...change, steps: 3 });
    else await divided(before, (collective) => ({ ...leading(collective, checkpoints), steps: 3 }));
    // Every worker opens the store. All save at the end, one after another.
    const resumed = { ...change, resume: 'checkpoint-3.bin' };
    const results = after === 1 ? [await run(resumed)] : await divided(after, () => resumed);
    const whole = await run({});
    for (const { weights } of results) close(weights, whole.weights);
  });

  it('are read into the room for a larger tensor', async () => {
    const lengths: number[] = [];
    const roomy: CheckpointStore = {
      ...store(),
      save: async ({ parts }) => {
        for (const { read } of parts.optimizer) lengths.push((await read(new Float32Array(500))).length);
        return 'none';
      },
    };
    await divided(2, (collective) => ({ steps: 1, ...leading(collective, roomy) }));
    expect(lengths.sort((a, b) => a - b)).toEqual([11, 11, 121, 121]);
  });

  it('that cannot be written end all workers with the error of the one that writes', async () => {
    const failing: CheckpointStore = { ...store(), save: () => Promise.reject(new Error('disk full')) };
    const ends = await Promise.allSettled(
      workers(2).map((collective) =>
        run({ ...leading(collective, failing, 2), steps: 2, collective, shardOptimizer: true }),
      ),
    );
    expect(ends[0]).toMatchObject({ status: 'rejected', reason: { message: 'disk full' } });
    expect(ends[1]?.status).toBe('fulfilled');
  });
});
