import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { addLora, type LanguageModel, loadAdapter, loadModel, saveAdapter } from '@dpo/models';
import { afterAll, describe, expect, it } from 'vitest';
import { chosenBatches } from './batches/offline.js';
import type { Method } from './method.js';
import { methodNamed } from './methods/method-named.js';
import { supervisedMethod } from './methods/supervised.js';
import { optimizers } from './optimizers/registry.js';
import { learningRates } from './optimizers/schedules.js';
import { noReference, precomputedReference, type Reference, referenceModel, withoutAdapter } from './reference.js';
import { sequenceLogps } from './score.js';
import { type StepRecord, train } from './trainer.js';

interface Run {
  readonly family: string;
  readonly run: 'dpo-adamw' | 'dpo-rmsprop' | 'lora-adamw' | 'sft-sgd';
  readonly learningRate: number;
  readonly maxGradNorm: number;
  readonly records: readonly Readonly<Record<string, number>>[];
  /** How far each weight moved, and the sum of its moves with the weights cos 0, cos 1, …. */
  readonly weights: Readonly<Record<string, readonly [number, number]>>;
  readonly logps: readonly (readonly [number, number])[];
}

interface Fixture {
  readonly pairs: readonly { prompt: number[]; chosen: number[]; rejected: number[] }[];
  readonly steps: number;
  readonly batch: number;
  readonly beta: number;
  readonly warmupSteps: number;
  readonly runs: readonly Run[];
}

const folder = new URL('../../../tooling/parity/fixtures/core/', import.meta.url);
const fixture: Fixture = JSON.parse(readFileSync(new URL('trajectories.json', folder), 'utf8'));
const pairs = fixture.pairs.map(({ prompt, chosen, rejected }) => ({
  prompt: Int32Array.from(prompt),
  chosen: Int32Array.from(chosen),
  rejected: Int32Array.from(rejected),
}));
const groups = pairs.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected] }));

const dpo = methodNamed('dpo', { beta: fixture.beta });
const settings = {
  'dpo-adamw': { method: dpo, optimizer: optimizers.adamw() },
  'dpo-rmsprop': { method: dpo, optimizer: optimizers.rmsprop() },
  'lora-adamw': { method: dpo, optimizer: optimizers.adamw() },
  'sft-sgd': { method: supervisedMethod({ averageOver: 'answers' }), optimizer: optimizers.sgd({ momentum: 0.9 }) },
};

const at = (name: string) => fileURLToPath(new URL(name, folder));
/** The best engine of the machine: TensorFlow when it is installed. */
const best = await openEngine();
afterAll(() => best.dispose());
const load = async (family: string, engine = best): Promise<LanguageModel> =>
  (await loadModel(engine, at(family))).model;

async function valuesOf(model: LanguageModel): Promise<Map<string, Float32Array>> {
  const entries = [...model.trainable()].map(async ([name, variable]) => [name, await variable.read()] as const);
  return new Map(await Promise.all(entries));
}

/** The reference of a run: of an adapter, its base; of all weights, log-probabilities that are computed before the start. */
async function referenceOf(model: LanguageModel, method: Method): Promise<Reference> {
  if (method.needs.reference === undefined) return noReference();
  if (model.adapter !== undefined) return withoutAdapter(model);
  const start = await sequenceLogps(model, groups);
  const side = (k: number) => start.map((logps) => logps[k] as number);
  return precomputedReference({ chosen: side(0), rejected: side(1) });
}

const rowsOfStep = (step: number) =>
  Array.from({ length: fixture.batch }, (_, i) => ((step - 1) * fixture.batch + i) % pairs.length);

describe('twenty steps as a plain PyTorch loop takes them', () => {
  it.each(fixture.runs.map((run) => [run.family, run.run, run] as const))('%s, %s', async (family, name, expected) => {
    const base = await load(family);
    const model = name === 'lora-adamw' ? await loadAdapter(base, at(`${family}-lora`)) : base;
    const { method, optimizer } = settings[name];
    const before = await valuesOf(model);
    const reference = await referenceOf(model, method);

    const records: StepRecord[] = [];
    const { learningRate, maxGradNorm } = expected;
    const { steps, warmupSteps } = fixture;
    const rates = learningRates({ learningRate, warmupSteps, steps });
    const options = {
      model,
      method,
      reference,
      optimizer,
      learningRate: rates,
      maxGradNorm,
      batches: chosenBatches(pairs, rowsOfStep),
      steps,
    };
    for await (const record of train(options)) records.push(record);

    for (const [k, want] of expected.records.entries())
      for (const [key, value] of Object.entries(want)) {
        const got = (records[k] as unknown as Record<string, number>)[key] as number;
        // A reward is β times the difference of two sums of some tens, so that its error is about 1e-5.
        const size = key.startsWith('rewards') ? Math.max(1, Math.abs(value)) : Math.abs(value);
        expect(Math.abs(got - value), `step ${k + 1}, ${key}: got ${got}, want ${value}`).toBeLessThan(1e-4 * size);
      }

    const after = await valuesOf(model);
    for (const [key, [norm, sum]] of Object.entries(expected.weights)) {
      // A key's bias shifts all of a query's scores alike. Its gradient is rounding noise, which Adam turns into full steps.
      if (key.endsWith('c_attn.bias')) continue;
      const old = before.get(key) as Float32Array;
      const moved = [...(after.get(key) as Float32Array)].map((value, i) => value - (old[i] as number));
      expect(Math.abs(Math.hypot(...moved) - norm), key).toBeLessThan(1e-4 * norm);
      const got = moved.reduce((total, move, i) => total + move * Math.cos(i), 0);
      expect(Math.abs(got - sum), key).toBeLessThan(1e-4 * norm);
    }

    const end = await sequenceLogps(model, groups);
    end.flat().forEach((logp, i) => {
      expect(Math.abs(logp - (expected.logps.flat()[i] as number))).toBeLessThan(1e-4);
    });
  });
});

describe('on a real architecture', () => {
  it('trains with a reference model in the step, and with micro-batches as with one batch', async () => {
    const run = async (accumulation: number) => {
      const model = await load('llama');
      const { model: frozen } = await loadModel(model.engine, at('llama'));
      const records: StepRecord[] = [];
      const options = { model, method: dpo, reference: referenceModel(frozen), optimizer: optimizers.sgd() };
      for await (const record of train({
        ...options,
        learningRate: () => 0.01,
        batches: chosenBatches(pairs, rowsOfStep),
        steps: 3,
        packing: { microBatches: accumulation },
      }))
        records.push(record);
      expect(records[0]?.loss).toBeCloseTo(Math.LN2, 6);
      expect(records[0]?.['rewards/margins']).toBe(0);
      return records.flatMap(({ loss, grad_norm }) => [loss, grad_norm]);
    };
    const [one, four] = [await run(1), await run(4)];
    one.forEach((value, i) => {
      expect(Math.abs(value - (four[i] as number))).toBeLessThan(1e-4 * value);
    });
  });

  it.each([0, 0.3])('with an adapter of dropout %d, train 6 = train 3, kill, resume 3', async (dropout) => {
    const run = await mkdtemp(join(tmpdir(), 'dpo-core-'));
    const go = async (until: number, resume?: string) => {
      const base = await load('llama', testEngine());
      const before = await valuesOf(base);
      const model = await addLora(base, { rank: 2, alpha: 4, dropout, seed: 1 });
      const losses: number[] = [];
      const checkpoints = { folder: run, everySteps: 3, saveModel: (into: string) => saveAdapter(model, into) };
      const reference = withoutAdapter(model);
      const common = {
        model,
        method: dpo,
        reference,
        optimizer: optimizers.adamw(),
        batches: chosenBatches(pairs, rowsOfStep),
      };
      for await (const { step, loss } of train({
        ...common,
        learningRate: () => 0.01,
        steps: 6,
        checkpoints,
        resume,
      })) {
        if (step > until) break;
        losses.push(loss);
      }
      expect(await valuesOf(base)).toEqual(before);
      return { losses, adapter: await valuesOf(model) };
    };
    try {
      const whole = await go(6);
      expect(whole.losses[0]).toBeCloseTo(Math.LN2, 6);
      await rm(run, { recursive: true });
      await go(4);
      const resumed = await go(6, join(run, 'checkpoint-3'));
      expect(resumed.losses).toEqual(whole.losses.slice(3));
      expect(resumed.adapter).toEqual(whole.adapter);
      const model = await loadAdapter(await load('llama', testEngine()), join(run, 'checkpoint-6'));
      expect(await valuesOf(model)).toEqual(whole.adapter);
    } finally {
      await rm(run, { recursive: true, force: true });
    }
  });
});
