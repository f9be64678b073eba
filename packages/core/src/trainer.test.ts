import { type EncodedPair, random } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { chosenBatches } from './batches/offline.js';
import type { Method } from './method.js';
import { methodNamed } from './methods/method-named.js';
import { preferenceMethod } from './methods/preference.js';
import { supervisedMethod } from './methods/supervised.js';
import type { TrainableModel } from './model.js';
import { optimizers } from './optimizers/registry.js';
import { noReference, precomputedReference, type ReferenceNumbers, referenceModel } from './reference.js';
import { bigramModel } from './test/bigram-model.js';
import { type StepRecord, type TrainOptions, train } from './trainer.js';

const uniform = random(5);
const tokens = (length: number) => Int32Array.from({ length }, () => Math.floor(uniform() * 11));
const pairs: EncodedPair[] = Array.from({ length: 12 }, (_, i) => ({
  prompt: tokens(1 + (i % 4)),
  chosen: tokens(1 + ((3 * i) % 5)),
  rejected: tokens(1 + ((2 * i) % 6)),
}));

const fours = (examples: readonly EncodedPair[]) =>
  chosenBatches(examples, (step) => Array.from({ length: 4 }, (_, i) => ((step - 1) * 4 + i) % examples.length));

function options(engine: Engine, change: Partial<TrainOptions> = {}): TrainOptions & { model: TrainableModel } {
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

async function all(records: AsyncIterable<StepRecord>): Promise<StepRecord[]> {
  const list: StepRecord[] = [];
  for await (const record of records) list.push(record);
  return list;
}

async function weightsOf(model: TrainableModel): Promise<number[]> {
  const read = await Promise.all([...model.weights.values()].map((variable) => variable.read()));
  return read.flatMap((values) => [...values]);
}

function close(got: readonly number[], want: readonly number[], relative = 1e-5) {
  expect(got.length).toBe(want.length);
  got.forEach((value, i) => {
    expect(Math.abs(value - (want[i] as number))).toBeLessThan(relative * Math.max(1e-2, Math.abs(want[i] as number)));
  });
}

/** log π(answer | prompt) of a bigram model, in float64, straight from its definition. */
function bigramLogp(weights: readonly number[], prompt: Int32Array, answer: Int32Array): number {
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

describe('a step', () => {
  it('starts at ln 2 with every reward 0 and an accuracy of one half', async () => {
    const [first] = await all(train(options(testEngine(), { steps: 1 })));
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
    const given = options(engine, { optimizer: optimizers.sgd(), learningRate: () => 1, steps: 1 });
    const before = await weightsOf(given.model);
    const [record] = await all(train(given));
    const after = await weightsOf(given.model);
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
    const given = options(engine, {
      optimizer: optimizers.sgd(),
      learningRate: () => 1,
      steps: 1,
      maxGradNorm: 0.01,
    });
    const before = await weightsOf(given.model);
    const [record] = await all(train(given));
    const after = await weightsOf(given.model);
    expect(record?.grad_norm).toBeGreaterThan(0.02);
    expect(Math.hypot(...after.map((value, i) => value - (before[i] as number)))).toBeCloseTo(0.01, 4);
  });

  it('tells the numbers of each pair before their means', async () => {
    const seen: [number, number][] = [];
    const onColumns: TrainOptions['onColumns'] = (step, { losses }) =>
      seen.push([step, losses.reduce((sum, loss) => sum + loss, 0) / losses.length]);
    const records = await all(train(options(testEngine(), { steps: 3, onColumns })));
    expect(seen).toEqual(records.map(({ step, loss }) => [step, loss]));
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
    const [plain] = await all(train(options(testEngine(), { steps: 1, reference })));
    const [back] = await all(
      train(
        options(testEngine(), {
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
    const records = await all(train(options(testEngine(), { steps: 30 })));
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
      const big = options(testEngine(), { optimizer, packing: { microBatches: 1 } });
      const bigRecords = await all(train(big));
      // 3 of 4 pairs makes micro-batches of 2, 1 and 1 pairs: weighed by pairs, not by micro-batch means.
      for (const accumulation of [2, 3, 4]) {
        const small = options(testEngine(), { optimizer, packing: { microBatches: accumulation } });
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

  it('follows from the memory allowed', async () => {
    // A packed row of four positions holds none of these pairs together with another.
    const given = options(testEngine(), { steps: 1, packing: { positions: 1 } });
    const calls: string[] = [];
    const listening = {
      ...given.model.engine,
      function: (...of: Parameters<Engine['function']>) => {
        const compiled = given.model.engine.function(...of);
        const call = (inputs: Parameters<typeof compiled>[0]) => {
          calls.push(of[0]);
          return compiled(inputs);
        };
        return Object.assign(call, { traces: 0, dispose: () => compiled.dispose() });
      },
    } as Engine;
    await all(train({ ...given, model: { ...given.model, engine: listening } }));
    expect(calls.filter((name) => name === 'accumulate').length).toBeGreaterThan(1);
    expect(calls.filter((name) => name === 'apply')).toHaveLength(1);
  });
});

describe('references', () => {
  it('precomputed numbers train as the model that gave them', async () => {
    // Not Adam: it makes steps of full size out of gradients that are rounding errors of 0.
    const optimizer = optimizers.sgd({ momentum: 0.5 });
    const online = options(testEngine(), { optimizer });
    const start = await weightsOf(online.model);
    const reference = precomputedReference({
      chosen: pairs.map(({ prompt, chosen }) => bigramLogp(start, prompt, chosen)),
      rejected: pairs.map(({ prompt, rejected }) => bigramLogp(start, prompt, rejected)),
    });
    const before = options(testEngine(), { optimizer, reference });
    const [a, b] = [await all(train(online)), await all(train(before))];
    close(
      b.map(({ loss }) => loss),
      a.map(({ loss }) => loss),
    );
    close(await weightsOf(before.model), await weightsOf(online.model), 1e-4);
  });

  it('names the row whose number is missing', async () => {
    const reference = precomputedReference({ chosen: [-1, -2], rejected: [-1, Number.NaN] });
    await expect(all(train(options(testEngine(), { reference })))).rejects.toThrow(
      expect.objectContaining({ code: 'reference.missing', values: { row: 1, side: 'rejected' } }),
    );
  });
});

describe('methods are functions', () => {
  it('supervised fine-tuning raises the chosen answers and reports no rewards', async () => {
    const given = options(testEngine(), {
      method: supervisedMethod({ averageOver: 'answers' }),
      reference: noReference(),
      steps: 20,
    });
    const start = await weightsOf(given.model);
    const records = await all(train(given));
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
    const [a, b] = [await all(train(options(testEngine(), { method: mine }))), await all(train(options(testEngine())))];
    expect(a.map(({ loss }) => loss)).toEqual(b.map(({ loss }) => loss));
  });
});

describe('evaluation', () => {
  it('comes under eval_ names when it is due and after the last step, and changes nothing', async () => {
    const held = pairs.slice(0, 5);
    const plain = options(testEngine(), { steps: 5 });
    const watched = options(testEngine(), {
      steps: 5,
      evaluation: { examples: held, everySteps: 2 },
      packing: { positions: 60 },
    });
    const [a, b] = [await all(train(plain)), await all(train(watched))];
    expect(b.map(({ eval_loss }) => eval_loss !== undefined)).toEqual([false, true, false, true, true]);
    expect(b.map(({ loss }) => loss)).toEqual(a.map(({ loss }) => loss));
    const weights = await weightsOf(watched.model);
    const last = b.at(-1) as StepRecord;
    expect(last['eval_logps/rejected']).toBeCloseTo(
      held.reduce((sum, p) => sum + bigramLogp(weights, p.prompt, p.rejected), 0) / held.length,
      4,
    );
    expect(last['eval_rewards/accuracies']).toBeGreaterThanOrEqual(0);
  });
});

describe('stopping', () => {
  it('ends after the step in progress when the signal is aborted', async () => {
    const controller = new AbortController();
    const steps: number[] = [];
    for await (const { step } of train(options(testEngine(), { steps: 100, signal: controller.signal }))) {
      steps.push(step);
      if (step === 3) controller.abort();
    }
    expect(steps).toEqual([1, 2, 3]);
  });

  it('frees what it made', async () => {
    const engine = testEngine();
    const given = options(engine, { steps: 3, packing: { microBatches: 2 } });
    const before = tf.memory().numTensors;
    await all(train(given));
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('gradients that are not finite', () => {
  const broken = (until: number) => {
    const logps = (value: number) => Array.from({ length: pairs.length }, () => value);
    const reference = precomputedReference({ chosen: logps(-4), rejected: logps(-4) });
    return {
      ...reference,
      numbers: ({ indices }: { readonly indices: readonly number[] }): ReferenceNumbers => {
        const bad = indices.includes(0) && until-- > 0;
        return { kind: 'answers', values: indices.map(() => (bad ? [Number.NaN, Number.NaN] : [-4, -4])) };
      },
    };
  };
  const first = () => [0, 1, 2, 3];

  it.each([1, 2])('leave the weights alone and are recorded (%i micro-batches)', async (accumulation) => {
    const given = options(testEngine(), {
      reference: broken(2),
      batches: chosenBatches(pairs, first),
      steps: 4,
      packing: { microBatches: accumulation },
    });
    const before = await weightsOf(given.model);
    const records: StepRecord[] = [];
    for await (const record of train(given)) {
      records.push(record);
      if (record.step === 2) expect(await weightsOf(given.model)).toEqual(before);
    }
    expect(records.map(({ skipped }) => skipped)).toEqual([true, true, undefined, undefined]);
    expect(records.map(({ rows }) => rows)).toEqual([first(), first(), undefined, undefined]);
    expect(records[3]?.loss).toBeLessThan(records[2]?.loss as number);
    expect((await weightsOf(given.model)).every(Number.isFinite)).toBe(true);
  });

  it('end the run after three in a row', async () => {
    const seen: number[] = [];
    const run = async () => {
      for await (const { step } of train(
        options(testEngine(), { reference: broken(9), batches: chosenBatches(pairs, first) }),
      ))
        seen.push(step);
    };
    await expect(run()).rejects.toThrow(expect.objectContaining({ code: 'train.not-finite' }));
    expect(seen).toEqual([1, 2, 3]);
  });
});

it('says which row does not exist', async () => {
  await expect(all(train(options(testEngine(), { batches: chosenBatches(pairs, () => [99]) })))).rejects.toThrow(
    expect.objectContaining({ code: 'train.no-such-row' }),
  );
});

it('asks the policy alone to compute layers again, and only where it was told to', async () => {
  const engine = testEngine();
  const asked: Record<string, (boolean | undefined)[]> = { policy: [], reference: [] };
  const listening = (name: 'policy' | 'reference'): TrainableModel => {
    const model = bigramModel(engine, { name });
    return {
      ...model,
      tokenLogps: (params, batch, given) => {
        asked[name]?.push(given?.activationCheckpointing);
        return model.tokenLogps(params, batch, given);
      },
    };
  };
  for (const activationCheckpointing of [undefined, true]) {
    const [model, reference] = [listening('policy'), referenceModel(listening('reference'))];
    await all(train(options(engine, { model, reference, steps: 1, activationCheckpointing })));
  }
  expect(asked).toEqual({ policy: [false, true], reference: [undefined, undefined] });
  await engine.dispose();
});
