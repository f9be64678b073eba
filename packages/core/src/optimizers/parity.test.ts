import { readFileSync } from 'node:fs';
import type { Values, Variable } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { clipCoefficient, globalNorm } from './clip.js';
import { withRateRatios } from './rate-ratios.js';
import { type OptimizerName, optimizers } from './registry.js';
import { learningRates, type ScheduleName, schedules } from './schedules.js';
import { type Optimizer, slotShapes } from './types.js';

function fixture<T>(name: string): T {
  return JSON.parse(
    readFileSync(new URL(`../../../../tooling/parity/fixtures/core/${name}`, import.meta.url), 'utf8'),
  ) as T;
}

interface OptimizerFixture {
  readonly learningRate: number;
  readonly start: readonly [number[], number[]];
  readonly gradients: readonly [number[], number[]][];
  readonly cases: readonly {
    readonly name: OptimizerName;
    readonly settings: Readonly<Record<string, number>>;
    readonly clip: number | null;
    readonly norms: readonly number[];
    readonly weights: readonly [number[], number[]][];
  }[];
}

const shapes = [[3, 4], [4]] as const;
const vector = (data: readonly number[], shape: readonly number[]): Values => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

describe('optimizers step as PyTorch’s', () => {
  const { cases, start, gradients: ofSteps, learningRate } = fixture<OptimizerFixture>('optimizers.json');

  it.each(cases.map((c) => [`${c.name} ${JSON.stringify(c.settings)}, clipped at ${c.clip}`, c] as const))(
    '%s',
    async (_, { name, settings, clip, norms, weights }) => {
      const engine = testEngine();
      const optimizer = optimizers[name](settings);
      const variables = shapes.map((shape, i) => engine.variable(`w${i}`, shape, Float32Array.from(start[i as 0 | 1])));
      const slots = variables.map((variable) =>
        Object.fromEntries(
          Object.entries(slotShapes(optimizer, variable.shape)).map(([slot, shape]) => [
            slot,
            engine.variable(`${slot}/${variable.name}`, shape),
          ]),
        ),
      );
      const step = engine.function<string, 'norm'>('step', (scope, { g0, g1, ...scalars }) => {
        const gradients = [g0, g1] as tf.Tensor[];
        const norm = globalNorm(gradients);
        const coefficient = clipCoefficient(norm, clip ?? Number.POSITIVE_INFINITY);
        variables.forEach((variable, i) => {
          optimizer.update(scope, {
            name: variable.name,
            variable,
            gradient: tf.mul(gradients[i] as tf.Tensor, coefficient),
            slots: slots[i] as Record<string, Variable>,
            scalars,
            gate: tf.scalar(1),
          });
        });
        return { norm };
      });
      for (const [k, [g0, g1]] of ofSteps.entries()) {
        const scalars = optimizer.scalars(learningRate * (k + 1), k + 1);
        const { norm } = await step({
          g0: vector(g0, shapes[0]),
          g1: vector(g1, shapes[1]),
          ...Object.fromEntries(Object.entries(scalars).map(([key, value]) => [key, vector([value], [])])),
        });
        expect(norm.data[0]).toBeCloseTo(norms[k] as number, 3);
        for (const [i, variable] of variables.entries()) {
          const want = weights[k]?.[i as 0 | 1] as number[];
          const got = await variable.read();
          want.forEach((value, j) => {
            expect(Math.abs((got[j] as number) - value)).toBeLessThan(5e-6 * Math.max(1, Math.abs(value)));
          });
        }
      }
      expect(step.traces).toBe(1);
    },
  );

  it('a closed gate leaves the weights as they are', async () => {
    for (const make of Object.values(optimizers)) {
      const engine = testEngine();
      const optimizer = make({ weightDecay: 0.1 });
      const variable = engine.variable('w', [2, 2], Float32Array.of(1, -2, 3, -4));
      const slots = Object.fromEntries(
        Object.entries(slotShapes(optimizer, [2, 2])).map(([slot, shape]) => {
          const size = shape.reduce((product, length) => product * length, 1);
          return [slot, engine.variable(slot, shape, new Float32Array(size).fill(0.5))];
        }),
      );
      const step = engine.function<string, never>('step', (scope, scalars) => {
        optimizer.update(scope, {
          name: 'w',
          variable,
          gradient: tf.zeros([2, 2]),
          slots,
          scalars,
          gate: tf.scalar(0),
        });
        return {} as Record<never, tf.Tensor>;
      });
      const scalars = Object.entries(optimizer.scalars(0.1, 3)).map(([key, value]) => [key, vector([value], [])]);
      await step(Object.fromEntries(scalars));
      expect([...(await variable.read())]).toEqual([1, -2, 3, -4]);
    }
  });

  it('gives groups of weights their own learning rates, decay included', async () => {
    const weightAfter = async (optimizer: Optimizer, name: string, learningRate: number) => {
      const engine = testEngine();
      const variable = engine.variable('w', [2, 2], Float32Array.of(1, -2, 3, -4));
      const slots = Object.fromEntries(
        Object.entries(slotShapes(optimizer, [2, 2])).map(([slot, shape]) => [slot, engine.variable(slot, shape)]),
      );
      const step = engine.function<string, never>('step', (scope, scalars) => {
        const gradient = tf.tensor2d([0.1, 2, -3, 0.5], [2, 2]);
        optimizer.update(scope, { name, variable, gradient, slots, scalars, gate: tf.scalar(1) });
        return {} as Record<never, tf.Tensor>;
      });
      const scalars = Object.entries(optimizer.scalars(learningRate, 1)).map(([key, value]) => [
        key,
        vector([value], []),
      ]);
      await step(Object.fromEntries(scalars));
      return [...(await variable.read())];
    };
    for (const make of Object.values(optimizers)) {
      const plain = make({ weightDecay: 0.1 });
      const grouped = withRateRatios(plain, { loraB: 16, embeddings: 0.5 });
      for (const [name, ratio] of [
        ['model.layers.0.self_attn.q_proj.lora_B.weight', 16],
        ['model.layers.0.self_attn.q_proj.lora_A.weight', 1],
        ['model.embed_tokens.weight', 0.5],
        ['transformer.wpe.weight', 0.5],
        ['model.embed_tokens.lora_embedding_B', 16],
        ['model.embed_tokens.lora_embedding_A', 1],
        ['lm_head.weight', 1],
      ] as const) {
        const [got, want] = [await weightAfter(grouped, name, 0.01), await weightAfter(plain, name, 0.01 * ratio)];
        got.forEach((value, i) => {
          expect(value, `${plain.name}, ${name}`).toBeCloseTo(want[i] as number, 5);
        });
      }
    }
    expect(withRateRatios(optimizers.sgd(), { loraB: 1 })).toEqual(
      expect.objectContaining({ settings: optimizers.sgd().settings }),
    );
    expect(() => withRateRatios(optimizers.sgd(), { loraB: -1 })).toThrow(/loraB must be at least 0/);
  });

  it('refuses settings out of range', () => {
    expect(() => optimizers.adamw({ beta1: 1 })).toThrow(expect.objectContaining({ code: 'optimizer.out-of-range' }));
    expect(() => optimizers.sgd({ momentum: Number.NaN })).toThrow(/momentum must be at least 0 and below 1/);
  });
});

describe('schedules', () => {
  interface ScheduleFixture {
    readonly learningRate: number;
    readonly cases: readonly {
      readonly schedule: ScheduleName;
      readonly warmupSteps: number;
      readonly steps: number;
      readonly rates: readonly number[];
    }[];
  }
  const { cases, learningRate } = fixture<ScheduleFixture>('schedules.json');

  it.each(cases.map((c) => [c.schedule, c.warmupSteps, c.steps, c] as const))(
    '%s, warm-up %i of %i: transformers’ rates',
    (schedule, warmupSteps, steps, { rates }) => {
      const rate = learningRates({ learningRate, schedule, warmupSteps, steps });
      rates.forEach((want, i) => {
        expect(rate(i + 1)).toBeCloseTo(want, 7);
      });
    },
  );

  it('starts and ends where it should', () => {
    for (const schedule of Object.keys(schedules) as ScheduleName[]) {
      const rate = learningRates({ learningRate: 2, schedule, warmupSteps: 4, steps: 12 });
      expect([1, 2, 3, 4, 5].map(rate)).toEqual([0.5, 1, 1.5, 2, 2]);
      expect(rate(12)).toBeGreaterThan(0);
      // Past the end, as after a resume with fewer steps, the rate does not become negative.
      expect(rate(20)).toBeGreaterThanOrEqual(0);
    }
  });

  it('names the nearest schedule', () => {
    expect(() => learningRates({ learningRate: 1, steps: 1, schedule: 'cosin' as ScheduleName })).toThrow(
      expect.objectContaining({ code: 'schedule.unknown', hint: 'Did you mean cosine?' }),
    );
  });
});
