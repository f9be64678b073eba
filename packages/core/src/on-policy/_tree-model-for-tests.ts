import { permutation, random } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { TrainableModel } from '../model.js';
import type { Sampler, ScoreTokens } from './draw-rollouts.js';

const VOCABULARY = 5;
const LENGTH = 3;
/** Prefixes of an answer: none, of one token, of two. */
export const STATES = 1 + VOCABULARY + VOCABULARY ** 2;
export const prompt = Int32Array.of(0);
/** All answers of three tokens. */
export const allAnswers = Array.from({ length: VOCABULARY ** LENGTH }, (_, i) =>
  Int32Array.of(Math.floor(i / VOCABULARY ** 2), Math.floor(i / VOCABULARY) % VOCABULARY, i % VOCABULARY),
);
/** R(y): any numbers from −1 to 1. */
const rewards = allAnswers.map((_, i) => Math.sin(3 * i + 1));
export const rewardOf = (answer: ArrayLike<number>) => rewards[numberOf(answer)] as number;

function numberOf(answer: ArrayLike<number>): number {
  return Array.from(answer).reduce((sum, token) => sum * VOCABULARY + token, 0);
}

export const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

/**
 * log π(y_t | y_<t) = log softmax(table[y_<t]): every distribution over answers of three tokens is one of its. Its hidden states
 * say which prefix it is, so that a value head can have any values.
 */
export function treeModel(engine: Engine, name: string): TrainableModel {
  const start = Float32Array.from({ length: STATES * VOCABULARY }, (_, i) => 0.5 * Math.cos(i));
  const table = engine.variable(name, [STATES, VOCABULARY], start);
  const weights = new Map([['table', table]]);
  return {
    engine,
    weights,
    trainable: () => weights,
    tokenLogps(params, { ids, positions, predictors, targets }, { states = false } = {}) {
      const at = (values: tf.Tensor, places: tf.Tensor1D) => tf.gather(tf.reshape(values, [-1]), places); // [R]
      const one = tf.scalar(1, 'int32');
      const before = at(ids, tf.maximum(tf.sub(predictors, one), tf.scalar(0, 'int32')));
      const [last, depth] = [at(ids, predictors), at(positions, predictors)];
      const deeper = tf.add(
        tf.mul(before, tf.scalar(VOCABULARY, 'int32')),
        tf.add(last, tf.scalar(1 + VOCABULARY, 'int32')),
      );
      const prefix = tf.where(
        tf.equal(depth, tf.scalar(0, 'int32')),
        tf.zerosLike(depth),
        tf.where(tf.equal(depth, one), tf.add(last, one), deeper),
      ) as tf.Tensor1D;
      const logps = tf.logSoftmax(tf.gather(params('table'), prefix)); // [R, V]
      return {
        logps: tf.sum(tf.mul(logps, tf.oneHot(targets, VOCABULARY)), 1),
        ...(states ? { states: tf.oneHot(prefix, STATES) as tf.Tensor2D } : {}),
      };
    },
  };
}

/** log π of each token of each answer, straight from the table in float64. */
export async function treeLogps(model: TrainableModel): Promise<Float32Array[]> {
  const table = (await model.weights.get('table')?.read()) ?? new Float32Array();
  const ofState = Array.from({ length: STATES }, (_, state) => {
    const logits = [...table.subarray(state * VOCABULARY, (state + 1) * VOCABULARY)];
    const total = Math.log(sum(logits.map(Math.exp)));
    return logits.map((logit) => logit - total);
  });
  return allAnswers.map(([a = 0, b = 0, c = 0]) =>
    Float32Array.of(
      ofState[0]?.[a] as number,
      ofState[1 + a]?.[b] as number,
      ofState[1 + VOCABULARY + VOCABULARY * a + b]?.[c] as number,
    ),
  );
}

/** Numbers of the tokens of answers, out of those of all answers. */
export function lookUp(ofAll: readonly Float32Array[]): ScoreTokens {
  return async (groups) =>
    groups.map(({ answers }) => answers.map((answer) => ofAll[numberOf(answer)] as Float32Array));
}

/**
 * Draws answers systematically: of n draws an answer of probability p gets ⌊np⌋ or ⌈np⌉, dealt to the prompts at random. The
 * draws of each prompt are draws from the policy, with less noise over the batch than if they were independent.
 */
export function treeSampler(model: TrainableModel): Sampler {
  return async ({ prompts, samples, seed }) => {
    const logps = await treeLogps(model);
    const count = prompts.length * samples;
    const offset = random(seed)();
    let cumulated = 0;
    const numbers: number[] = [];
    logps.forEach((tokens, i) => {
      cumulated += Math.exp(sum(tokens));
      while (numbers.length < count && (numbers.length + offset) / count < cumulated) numbers.push(i);
    });
    while (numbers.length < count) numbers.push(logps.length - 1);
    const order = permutation(count, seed, 1);
    return prompts.map((_, g) =>
      Array.from({ length: samples }, (_, k) => {
        const i = numbers[order[g * samples + k] as number] as number;
        return { tokens: allAnswers[i] as Int32Array, logps: logps[i] as Float32Array, ended: true };
      }),
    );
  };
}

/** π* ∝ π_ref exp(R / β). */
export function optimum(reference: readonly Float32Array[], beta: number): number[] {
  const weights = reference.map((tokens, i) => Math.exp(sum(tokens) + (rewards[i] as number) / beta));
  const all = sum(weights);
  return weights.map((weight) => weight / all);
}

/** Half the sum of all differences. */
export function totalVariation(logps: readonly Float32Array[], distribution: readonly number[]): number {
  return sum(logps.map((tokens, i) => Math.abs(Math.exp(sum(tokens)) - (distribution[i] as number)))) / 2;
}
