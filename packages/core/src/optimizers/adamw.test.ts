import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { adamw } from './adamw.js';

/** A weight of 0 after updates with these gradients, at a learning rate of 0.1. */
async function weightAfter(optimizer: ReturnType<typeof adamw>, gradients: readonly number[]): Promise<number> {
  const engine = testEngine();
  const variable = engine.variable('w', [1]);
  const slots = Object.fromEntries(optimizer.slots.map((slot) => [slot, engine.variable(slot, [1])]));
  const step = engine.function<string, never>('step', (scope, { gradient, ...scalars }) => {
    optimizer.update(scope, {
      name: 'w',
      variable,
      gradient: gradient as tf.Tensor,
      slots,
      scalars,
      gate: tf.scalar(1),
    });
    return {} as Record<never, tf.Tensor>;
  });
  const tensorOf = (value: number, shape: readonly number[] = []) =>
    ({ dtype: 'float32', shape, data: Float32Array.of(value) }) as const;
  for (const [k, gradient] of gradients.entries()) {
    const scalars = Object.entries(optimizer.scalars(0.1, k + 1)).map(([name, value]) => [name, tensorOf(value)]);
    await step({ ...Object.fromEntries(scalars), gradient: tensorOf(gradient, [1]) });
  }
  const [weight] = await variable.read();
  await engine.dispose();
  return weight as number;
}

it('has ε inside the bias correction as PyTorch, or outside as TensorFlow', async () => {
  const [g, epsilon] = [1e-3, 1e-3];
  const options = { epsilon, beta1: 0.9, beta2: 0.99 };
  // m̂ = g, v̂ = g²: 0.1 g / (g + ε)
  expect(await weightAfter(adamw(options), [g])).toBeCloseTo((-0.1 * g) / (g + epsilon), 6);
  // 0.1 √0.01 / 0.1 · 0.1 g / (√(0.01 g²) + ε) = 0.01 g / (0.1 g + ε)
  expect(await weightAfter(adamw({ ...options, epsilonForm: 'tensorflow' }), [g])).toBeCloseTo(
    (-0.01 * g) / (0.1 * g + epsilon),
    6,
  );
  // Of two equal gradients m = 0.19 g and v = 0.0199 g²; the rate is 0.1 √0.0199 / 0.19.
  const second = (0.1 * Math.sqrt(0.0199) * g) / (Math.sqrt(0.0199) * g + epsilon);
  expect(await weightAfter(adamw({ ...options, epsilonForm: 'tensorflow' }), [g, g])).toBeCloseTo(
    (-0.01 * g) / (0.1 * g + epsilon) - second,
    6,
  );
});

it('has its form of ε in the settings, when that is not PyTorch’s', () => {
  expect(adamw({ epsilonForm: 'tensorflow' }).settings).toMatchObject({ epsilonOutsideCorrection: true });
  expect(adamw().settings).toEqual({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 });
});
