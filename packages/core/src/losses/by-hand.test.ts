import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate, names, pair } from './_evaluate-for-tests.js';
import type { PreferenceLossName } from './registry.js';
import type { LossOptions } from './types.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

describe('values worked out by hand', () => {
  // Log-ratios 2 and −3 with β = 0.2: rewards 0.4 and −0.6, z = 1.
  const one = [pair([-8, -23], [-10, -20], [4, 6])];
  const { log, exp } = Math;
  const softplus = (x: number) => log(1 + exp(x));
  const sigmoid = (x: number) => 1 / (1 + exp(-x));
  const logOdds = (p: number) => p - log(1 - exp(p));
  const beta = 0.2;
  const cases: [PreferenceLossName, LossOptions, number][] = [
    // −log σ(1) = softplus(−1)
    ['dpo', { beta }, softplus(-1)],
    ['cdpo', { beta, labelSmoothing: 0.25 }, 0.75 * softplus(-1) + 0.25 * softplus(1)],
    ['robust', { beta, labelSmoothing: 0.25 }, (0.75 * softplus(-1) - 0.25 * softplus(1)) / 0.5],
    // 2/4 − (−3)/6 = 1, less 1/0.4 = 2.5: (−1.5)²
    ['ipo', { beta }, 2.25],
    // 2 + 3 = 5, less 2.5: 2.5²
    ['ipo-sum', { beta }, 6.25],
    // z = 1 meets the margin exactly
    ['hinge', { beta }, 0],
    // β = 0.1 halves z to 0.5
    ['hinge', {}, 0.5],
    ['dpo-norm', { beta }, softplus(-0.2 * 1)],
    ['exo', { beta, labelSmoothing: 0.1 }, sigmoid(1) * log(sigmoid(1) / 0.9) + sigmoid(-1) * log(sigmoid(-1) / 0.1)],
    ['nca', { beta }, softplus(-0.4) + softplus(0.4) / 2 + softplus(-0.6) / 2],
    ['bco', { beta }, softplus(-0.4) + softplus(-0.6)],
    // (2 − 2.5)² + (−3 + 2.5)²
    ['sppo', { beta }, 0.5],
    ['apo-zero', { beta }, 1 - sigmoid(0.4) + sigmoid(-0.6)],
    ['apo-down', { beta }, sigmoid(0.4) + 1 - sigmoid(1)],
    ['discopop', { beta, temperature: 0.5 }, (1 - sigmoid(2)) * softplus(-1) + sigmoid(2) * exp(-1)],
    // The chosen answer became likelier: no penalty.
    ['dpop', { beta, weight: 2 }, softplus(-1)],
    // −log π(y_w) / |y_w| = 8/4
    ['rpo', { beta, weight: 3 }, softplus(-1) + 3 * 2],
    // 0.2 (−8/4 + 23/6) − 1 = −0.6333
    ['simpo', { beta, targetMargin: 1 }, softplus(1 - 0.2 * (23 / 6 - 2))],
    // 0.2 (−8 + 23) = 3
    ['cpo', { beta, weight: 0.5 }, softplus(-3) + 0.5 * 2],
    // Log-ratios 2 and −3: e³ − e^{−2}
    ['dpo-forward-kl', { beta }, softplus(-0.2 * (exp(3) - exp(-2)))],
    ['dpo-js', { beta }, softplus(-0.2 * (softplus(3) - softplus(-2)))],
    // α = ¼: (e^{−¾·2} − e^{¾·3}) / −¾
    ['dpo-alpha', { beta, alpha: 0.25 }, softplus((0.2 * (exp(-1.5) - exp(2.25))) / 0.75)],
    ['unlikelihood', { weight: 0.5 }, 8 - 0.5 * 23],
    ['orpo', { weight: 0.5 }, 2 + 0.5 * softplus(logOdds(-23 / 6) - logOdds(-2))],
  ];
  it.each(cases)('%s %o', (name, options, expected) => {
    expect(evaluate(name, one, options).losses[0]).toBeCloseTo(expected, 5);
  });

  it('rewards are β times the log-ratios, per token or without a reference when the loss is', () => {
    const rewards = (name: PreferenceLossName, options: LossOptions = { beta }) =>
      evaluate(name, one, options).rewards.map(([reward]) => reward as number);
    const special: Partial<Record<PreferenceLossName, [number, number]>> = {
      'dpo-norm': [0.4 / 4, -0.6 / 6],
      simpo: [-1.6 / 4, -4.6 / 6],
      cpo: [-1.6, -4.6],
      orpo: [-0.8 / 4, -2.3 / 6],
      'dpo-forward-kl': [0.2 * (1 - exp(-2)), 0.2 * (1 - exp(3))],
      'dpo-js': [0.2 * (Math.LN2 - softplus(-2)), 0.2 * (Math.LN2 - softplus(3))],
      'dpo-alpha': [0.4 * (1 - exp(-1)), 0.4 * (1 - exp(1.5))],
      unlikelihood: [-8, -23],
    };
    for (const name of names) {
      const [chosen, rejected] = special[name] ?? [0.4, -0.6];
      expect(rewards(name)[0], name).toBeCloseTo(chosen, 6);
      expect(rewards(name)[1], name).toBeCloseTo(rejected, 6);
    }
  });

  it('DPO-Positive punishes a chosen answer that became less likely', () => {
    // Log-ratios −1 and −4: z = 0.6, less 0.2 · 2 · 1.
    const { losses } = evaluate('dpop', [pair([-11, -24], [-10, -20])], { beta, weight: 2 });
    expect(losses[0]).toBeCloseTo(softplus(-0.2), 6);
  });

  it('pushes the chosen answer up and the rejected one down, by β σ(−z)', () => {
    const { gradient } = evaluate('dpo', one, { beta: 0.2 });
    const expected = 0.2 / (1 + Math.E);
    expect(gradient[0]?.[0]).toBeCloseTo(-expected, 6);
    expect(gradient[1]?.[0]).toBeCloseTo(expected, 6);
  });

  it('is ln 2 at the reference for DPO, its relatives and robust DPO', () => {
    for (const name of ['dpo', 'cdpo', 'robust', 'dpo-forward-kl', 'dpo-js', 'dpo-alpha'] as const)
      expect(evaluate(name, [pair([-7, -9], [-7, -9])]).losses[0]).toBeCloseTo(Math.LN2, 6);
  });
});
