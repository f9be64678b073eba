import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EncodedPair } from '@dpo/base';
import { openEngine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { addLora, loadModel, saveAdapter, saveModel } from '@dpo/models';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { chosenBatches } from '../batches/offline.js';
import { aotLoss, matchRanks } from '../losses/aot-loss.js';
import type { Method } from '../method.js';
import { adamw } from '../optimizers/adamw.js';
import { learningRates } from '../optimizers/schedules.js';
import { movingReference, type Reference, referenceModel } from '../reference.js';
import { bigramModel } from '../test/bigram-model.js';
import { type StepRecord, type TrainOptions, train } from '../trainer.js';
import { methodNamed } from './method-named.js';
import { sumOfMethods } from './sum-of-methods.js';
import { withLengthDesensitization } from './with-length-desensitization.js';
import { withPolicyWeights } from './with-policy-weights.js';

type Name = 'ld-dpo' | 'wpo' | 'aot' | 'aot-unpaired' | 'tr-dpo';

const folder = new URL('../../../../tooling/parity/fixtures/core/', import.meta.url);
const parse = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
const fixture: {
  readonly beta: number;
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly labelSmoothing: number;
  readonly ldAlpha: number;
  readonly syncSteps: number;
  readonly mixupAlpha: number;
  readonly runs: readonly {
    readonly name: Name;
    readonly records: readonly Readonly<Record<string, number>>[];
    readonly moved: Readonly<Record<string, number>>;
  }[];
} = parse('relatives.json');
const { pairs: rows }: { readonly pairs: readonly Record<'prompt' | 'chosen' | 'rejected', number[]>[] } =
  parse('trajectories.json');
const ids = (...values: number[]) => Int32Array.from(values);
const pairs: readonly EncodedPair[] = rows.map(({ prompt, chosen, rejected }) => ({
  prompt: ids(...prompt),
  chosen: ids(...chosen),
  rejected: ids(...rejected),
}));
const rowsOfStep = (step: number) =>
  Array.from({ length: fixture.batch }, (_, i) => ((step - 1) * fixture.batch + i) % pairs.length);

const { beta, labelSmoothing } = fixture;
const dpo = methodNamed('dpo', { beta });
const methods: Readonly<Record<Name, Method>> = {
  'ld-dpo': withLengthDesensitization(dpo, fixture.ldAlpha),
  wpo: withPolicyWeights(dpo),
  aot: methodNamed('aot', { beta, labelSmoothing }),
  'aot-unpaired': methodNamed('aot-unpaired', { beta, labelSmoothing }),
  'tr-dpo': dpo,
};

const best = await openEngine();
afterAll(() => best.dispose());
await tf.setBackend('cpu');
const at = (name: string) => fileURLToPath(new URL(name, folder));

async function all(options: TrainOptions): Promise<StepRecord[]> {
  const records: StepRecord[] = [];
  for await (const record of train(options)) records.push(record);
  return records;
}

describe('twelve steps as a plain PyTorch loop takes them', () => {
  const cases = fixture.runs.flatMap((run) => [
    [run.name, 'one batch', run, { microBatches: 1 }] as const,
    [run.name, 'planned micro-batches', run, { microBatches: 2 }] as const,
  ]);

  it.each(cases)('%s, %s', async (name, _, expected, packing) => {
    const { model } = await loadModel(best, at('gpt2'));
    const before = new Map<string, Float32Array>();
    for (const [key, variable] of model.trainable()) before.set(key, await variable.read());
    const reference =
      name === 'tr-dpo'
        ? await movingReference(model, { mixup: fixture.mixupAlpha, everySteps: fixture.syncSteps })
        : referenceModel((await loadModel(best, at('gpt2'))).model);
    const records = await all({
      ...{ model, reference, batches: chosenBatches(pairs, rowsOfStep), maxGradNorm: 10, method: methods[name] },
      ...{ optimizer: adamw(), learningRate: learningRates(fixture), steps: fixture.steps, packing },
    });
    expected.records.forEach((want, k) => {
      for (const [key, value] of Object.entries(want)) {
        const got = (records[k] as unknown as Record<string, number>)[key] as number;
        // A reward is β times the difference of two sums of some tens, so that its error is about 1e-5.
        const size = key.startsWith('rewards') ? Math.max(1, Math.abs(value)) : Math.abs(value);
        expect(Math.abs(got - value), `step ${k + 1}, ${key}: got ${got}, want ${value}`).toBeLessThan(1e-4 * size);
      }
    });
    for (const [key, norm] of Object.entries(expected.moved)) {
      // A key's bias shifts all of a query's scores alike. Its gradient is rounding noise, which Adam turns into full steps.
      if (key.endsWith('c_attn.bias')) continue;
      const old = before.get(key) as Float32Array;
      const now = (await model.variable(key).read()).map((value, i) => value - (old[i] as number));
      expect(Math.abs(Math.hypot(...now) - norm), key).toBeLessThan(1e-4 * norm);
    }
    model.dispose();
  });
});

const small = (change: Partial<TrainOptions> = {}): TrainOptions => {
  const engine = testEngine();
  const model = bigramModel(engine, { vocabSize: 40 });
  return {
    ...{
      model,
      batches: chosenBatches(pairs, rowsOfStep),
      steps: 4,
      method: dpo,
      optimizer: adamw(),
      learningRate: () => 0.05,
    },
    reference: referenceModel(bigramModel(engine, { vocabSize: 40, name: 'reference', seed: 1 })),
    ...change,
  };
};

describe('length desensitisation', () => {
  it('is the method itself at α 1, and reads both answers to the shorter length at α 0', async () => {
    const losses = async (change: Partial<TrainOptions>) =>
      (await all(small({ steps: 3, ...change }))).map(({ loss }) => loss);
    expect(await losses({ method: withLengthDesensitization(dpo, 1) })).toEqual(await losses({}));
    const cut = pairs.map((pair) => {
      const shared = Math.min(pair.chosen.length, pair.rejected.length);
      return { ...pair, chosen: pair.chosen.subarray(0, shared), rejected: pair.rejected.subarray(0, shared) };
    });
    const [zero, short] = [
      await losses({ method: withLengthDesensitization(dpo, 0) }),
      await losses({ batches: chosenBatches(cut, rowsOfStep) }),
    ];
    zero.forEach((loss, i) => {
      expect(loss).toBeCloseTo(short[i] as number, 5);
    });
    expect(short[0]).not.toBeCloseTo((await losses({}))[0] as number, 3);
  });

  it('takes α from 0 to 1', () => {
    for (const alpha of [-0.1, 1.1, Number.NaN])
      expect(() => withLengthDesensitization(dpo, alpha)).toThrow(
        expect.objectContaining({ code: 'loss.out-of-range' }),
      );
  });
});

describe('alignment by optimal transport', () => {
  const numbers = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 9 });

  it('matches by rank whatever the order: both lists sorted stand side by side', () => {
    fc.assert(
      fc.property(numbers, fc.integer(), (values, seed) => {
        const others = values.map((value, i) => (value * 7 + i * seed) % 23);
        const matched = matchRanks(values, others);
        const together = values.map((value, i) => [value, matched[i] as number] as const);
        together.sort(([a, x], [b, y]) => a - b || x - y);
        expect(together.map(([, other]) => other)).toEqual([...others].sort((a, b) => a - b));
      }),
    );
  });

  it('has values by hand', () => {
    expect(matchRanks([3, 1, 2], [10, 30, 20])).toEqual([30, 10, 20]);
    const [equal, twice] = aotLoss(tf.tensor1d([1, 3]), tf.tensor1d([1, 1]), { beta: 0.5 }).dataSync();
    expect(equal).toBeCloseTo(Math.LN2, 6);
    expect(twice).toBeCloseTo(Math.log1p(Math.exp(-1)), 6);
  });

  it('stays finite at ±1e4, with finite gradients', () => {
    const below = tf.tensor1d([-1e4, 1e4, 0]);
    const f = (x: tf.Tensor) => tf.sum(aotLoss(x as tf.Tensor1D, below, { beta: 1, labelSmoothing: 0.1 }));
    const { value, grad } = tf.valueAndGrad(f)(tf.tensor1d([1e4, -1e4, 0]));
    for (const x of [...value.dataSync(), ...grad.dataSync()]) expect(Number.isFinite(x)).toBe(true);
  });

  it('can be a term of a sum, but takes no policy weights', async () => {
    const method = sumOfMethods([
      { method: methods.aot },
      { method: methods['aot-unpaired'], weight: 0.5 },
      { method: dpo },
    ]);
    const [sum] = await all(small({ method, steps: 1, packing: { microBatches: 2 } }));
    const parts = [];
    for (const name of ['aot', 'aot-unpaired', 'tr-dpo'] as const)
      parts.push((await all(small({ method: methods[name], steps: 1 })))[0]?.loss as number);
    const [aot = 0, unpaired = 0, plain = 0] = parts;
    expect(sum?.loss).toBeCloseTo(aot + 0.5 * unpaired + plain, 5);
    expect(() => withPolicyWeights(methods.aot)).toThrow(expect.objectContaining({ code: 'loss.out-of-range' }));
  });

  it('ranks all rows of an evaluation, whatever its micro-batches', async () => {
    const evaluation = async (positions: number) =>
      (
        await all(
          small({
            method: methods.aot,
            steps: 1,
            packing: { positions },
            evaluation: { examples: pairs, everySteps: 1 },
          }),
        )
      )[0];
    const [whole, pieces] = [await evaluation(4096), await evaluation(30)];
    expect(pieces?.eval_loss).toBeCloseTo(whole?.eval_loss as number, 5);
  });
});

describe('a reference that follows the policy', () => {
  it('is the policy after a step that copies it', async () => {
    const options = small();
    const reference = await movingReference(options.model, { mixup: 1, everySteps: 2 });
    const margins = (await all({ ...options, reference })).map((record) => record['rewards/margins'] as number);
    expect(margins[0]).toBe(0);
    expect(Math.abs(margins[1] as number)).toBeGreaterThan(1e-3);
    expect(margins[2]).toBe(0);
  });

  it.each(['all weights', 'an adapter'])('goes on where it was after a kill, %s', async (kind) => {
    const run = await mkdtemp(join(tmpdir(), 'dpo-core-'));
    const go = async (until: number, resume?: string) => {
      const engine = testEngine();
      const base = await loadModel(engine, at('llama'));
      const model = kind === 'an adapter' ? await addLora(base.model, { rank: 2, alpha: 4, seed: 1 }) : base.model;
      const reference: Reference = await movingReference(model, { everySteps: 2 });
      if (kind === 'an adapter') expect(reference.moving?.variables.size).toBe(model.adapter?.weights.size);
      const save = (into: string) =>
        kind === 'an adapter' ? saveAdapter(model, into) : saveModel(model, into, { source: base.source });
      const losses: number[] = [];
      for await (const { step, loss } of train({
        ...small({ model, reference, steps: 6, resume, learningRate: () => 0.01 }),
        checkpoints: { folder: run, everySteps: 3, saveModel: save },
      })) {
        if (step > until) break;
        losses.push(loss);
      }
      return losses;
    };
    try {
      const whole = await go(6);
      expect(whole[0]).toBeCloseTo(Math.LN2, 6);
      await rm(run, { recursive: true });
      await go(4);
      expect(await go(6, join(run, 'checkpoint-3'))).toEqual(whole.slice(3));
    } finally {
      await rm(run, { recursive: true, force: true });
    }
  });

  it('names what is out of range', async () => {
    const { model } = small();
    for (const options of [{ mixup: 0 }, { mixup: 1.5 }, { everySteps: 0 }, { everySteps: 1.5 }])
      await expect(movingReference(model, options)).rejects.toMatchObject({ code: 'reference.out-of-range' });
  });
});
