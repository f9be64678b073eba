// A policy-gradient method in one file outside @dpo/core, without any support in core: its batch source samples from the model, each
// batch has two updates with clipped importance ratios of each token, and samples and a baseline go into checkpoints.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EncodedExample, random } from '@dpo/base';
import { writeSafetensors } from '@dpo/base/safetensors';
import {
  adamw,
  type BatchSource,
  defineMethod,
  latestCheckpoint,
  type Method,
  noReference,
  type TrainableModel,
  tokenLogps,
  train,
} from '@dpo/core';
import type { Engine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';

const VOCABULARY = 4;
const BETA = 0.5;
const SAMPLES = 96;
const prompt = Int32Array.of(0);
/** All answers of two tokens. */
const answers = Array.from({ length: VOCABULARY ** 2 }, (_, i) =>
  Int32Array.of(Math.floor(i / VOCABULARY), i % VOCABULARY),
);
/** R(y), any numbers from −1 to 1. */
const rewards = answers.map((_, i) => Math.sin(3 * i + 1));

/** log π(y_t | y_<t) = log softmax(table[position, previous token]). The table can hold any distribution over answers. */
function tabularModel(engine: Engine, name: string): TrainableModel {
  const start = Float32Array.from({ length: 2 * VOCABULARY ** 2 }, (_, i) => 0.5 * Math.cos(i));
  const table = engine.variable(name, [2 * VOCABULARY, VOCABULARY], start);
  const weights = new Map([['table', table]]);
  return {
    engine,
    weights,
    trainable: () => weights,
    tokenLogps(params, { ids, positions, predictors, targets }) {
      const states = tf.add(tf.mul(positions, tf.scalar(VOCABULARY, 'int32')), ids);
      const at = tf.gather(tf.reshape(states, [-1]), predictors); // [R]
      const logps = tf.logSoftmax(tf.gather(params('table'), at)); // [R, V]
      return { logps: tf.sum(tf.mul(logps, tf.oneHot(targets, VOCABULARY)), 1) };
    },
  };
}

interface Sample extends EncodedExample {
  readonly answer: Int32Array;
  /** log π_old(y_t), of the policy that drew the answer. */
  readonly oldLogps: Float32Array;
  /** R(y) − β (log π_old(y) − log π_ref(y)) */
  readonly shaped: number;
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

/** Draws answers from the current model, for two steps at a time. */
async function sampler(model: TrainableModel, reference: TrainableModel): Promise<BatchSource<Sample>> {
  const groups = [{ prompt, answers }];
  const ofReference = (await tokenLogps(reference, groups))[0] ?? [];
  let samples: readonly number[] = [];
  let logps: readonly (readonly number[])[] = [];
  const draw = async (step: number) => {
    logps = ((await tokenLogps(model, groups))[0] ?? []).map((tokens) => [...tokens]);
    const uniform = random(1, step);
    samples = Array.from({ length: SAMPLES }, () => {
      let rest = uniform();
      const index = logps.findIndex((tokens) => {
        rest -= Math.exp(sum(tokens));
        return rest < 0;
      });
      return index < 0 ? answers.length - 1 : index;
    });
  };
  return {
    async batch(step) {
      if (step % 2 === 1) await draw(step);
      const examples = samples.map((index): Sample => {
        const old = logps[index] as readonly number[];
        const shaped = (rewards[index] as number) - BETA * (sum(old) - sum(ofReference[index] as Float32Array));
        return { prompt, answer: answers[index] as Int32Array, oldLogps: Float32Array.from(old), shaped };
      });
      return { examples };
    },
    state: {
      read: () => ({ samples, logps }),
      write: (value) => {
        ({ samples, logps } = value as { samples: readonly number[]; logps: readonly (readonly number[])[] });
      },
    },
  };
}

/** PPO's clipped objective, Σ_t min(ρ_t A, clip(ρ_t, 1 ± 0.2) A), with a moving mean of returns as the baseline. */
function policyGradient(): Method<Sample> {
  let baseline: number | undefined;
  return defineMethod<Sample, 'answer'>({
    name: 'policy-gradient',
    answers: { answer: ({ answer }) => answer },
    inputs: ({ oldLogps }) => ({ tokens: { oldLogps: [oldLogps] } }),
    prepare: async ({ examples, training }) => {
      const mean = sum(examples.map(({ shaped }) => shaped)) / examples.length;
      const before = baseline ?? mean;
      if (training) baseline = 0.9 * before + 0.1 * mean;
      return {
        examples: examples.map(({ answer, shaped }) => ({
          tokens: { advantage: [new Float32Array(answer.length).fill(shaped - before)] },
        })),
        records: { 'objective/shaped': mean },
      };
    },
    apply: ({ tokens }) => {
      const { oldLogps, advantage } = tokens.numbers as Readonly<Record<'oldLogps' | 'advantage', tf.Tensor1D>>;
      const ratio = tf.exp<tf.Tensor1D>(tf.sub(tokens.policy, oldLogps));
      const clipped = tf.clipByValue(ratio, 0.8, 1.2);
      const objective = tf.minimum<tf.Tensor1D>(tf.mul(ratio, advantage), tf.mul(clipped, advantage)); // [R]
      return { losses: tf.neg(tokens.sum(objective).answer), columns: { ratio: tokens.sum(ratio).answer } };
    },
    state: {
      read: () => baseline,
      write: (value) => {
        baseline = value as number;
      },
    },
  });
}

/** Trains up to a step, from a checkpoint if there is one. Returns losses and the final distribution over answers. */
async function run({ steps, folder, until = steps }: { steps: number; folder?: string; until?: number }) {
  const engine = testEngine();
  const model = tabularModel(engine, 'policy');
  const reference = tabularModel(engine, 'reference');
  const losses: number[] = [];
  for await (const { step, loss } of train({
    model,
    method: policyGradient(),
    reference: noReference(),
    optimizer: adamw(),
    learningRate: (step) => 0.05 * (1 - (step - 1) / steps),
    batches: await sampler(model, reference),
    steps,
    ...(folder === undefined
      ? {}
      : {
          resume: await latestCheckpoint(folder),
          checkpoints: {
            folder,
            everySteps: 3,
            saveModel: async (into) => {
              const entries = [...model.trainable()].map(([name, variable]) => ({
                ...{ name, shape: variable.shape, dtype: 'float32' as const, data: () => variable.read() },
              }));
              await writeSafetensors(join(into, 'model.safetensors'), entries);
            },
          },
        }),
  })) {
    if (step > until) break;
    losses.push(loss);
  }
  const logps = (await tokenLogps(model, [{ prompt, answers }]))[0] ?? [];
  const start = (await tokenLogps(reference, [{ prompt, answers }]))[0] ?? [];
  await engine.dispose();
  const distribution = (of: readonly Float32Array[]) => of.map((tokens) => Math.exp(sum(tokens)));
  return { losses, policy: distribution(logps), reference: distribution(start) };
}

it('converges to π*(y) ∝ π_ref(y) exp(R(y) / β)', async () => {
  const { policy, reference } = await run({ steps: 300 });
  const unnormalised = reference.map((p, i) => p * Math.exp((rewards[i] as number) / BETA));
  const optimum = unnormalised.map((p) => p / sum(unnormalised));
  const distance = (of: readonly number[]) => sum(of.map((p, i) => Math.abs(p - (optimum[i] as number)))) / 2;
  expect(distance(reference)).toBeGreaterThan(0.3);
  expect(distance(policy)).toBeLessThan(0.01);
});

it('gives the same numbers after a kill between two updates of one batch', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dpo-policy-gradient-'));
  try {
    const whole = await run({ steps: 9 });
    // The checkpoint after step 3 stands between the two updates of the batch of steps 3 and 4.
    await run({ steps: 9, folder, until: 4 });
    const resumed = await run({ steps: 9, folder });
    expect(resumed.losses).toEqual(whole.losses.slice(3));
    expect(resumed.policy).toEqual(whole.policy);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
