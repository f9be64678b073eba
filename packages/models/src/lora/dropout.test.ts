import { packedValues } from '@dpo/base/packing';
import { openPortable } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { tensorOf } from '../blocks/cheap-value.js';
import type { LanguageModel, PackedInputs } from '../model/types.js';
import { referencePacking } from '../test/_packing-for-tests.js';
import { tinyLlama } from '../test/tiny-models.js';
import { adaptedProduct } from './adapted-product.js';
import { addLora } from './add-lora.js';
import { type Adapter, adapterWeightName, magnitudeName } from './types.js';

const adapter = (dropout: number, dora = false): Adapter => ({
  rank: 1,
  alpha: 2,
  rankPattern: {},
  alphaPattern: {},
  rsLora: false,
  dora,
  dropout,
  targets: ['layer'],
  modulesToSave: [],
  seed: 5,
  layers: [{ name: 'layer', rank: 1, scaling: 2 }],
  savedWeights: new Set(),
  weights: new Map(),
});

// W = identity, A = (1, 0), B = (1, 0)ᵀ: y₁ = x₁ + 2 d₁, y₂ = x₂. d is x after dropout.
const values: Record<string, tf.Tensor> = {
  'layer.weight': tf.tensor2d([1, 0, 0, 1], [2, 2]),
  [adapterWeightName('layer', 'A')]: tf.tensor2d([1, 0], [1, 2]),
  [adapterWeightName('layer', 'B')]: tf.tensor2d([1, 0], [2, 1]),
  [magnitudeName('layer')]: tf.tensor1d([6, 1]),
};

async function apply(
  adapter: Adapter,
  positions: number,
  seed?: number,
  numbers: ArrayLike<number> = Int32Array.from({ length: positions }, (_, i) => 13 * i),
): Promise<number[][]> {
  const engine = await openPortable('cpu');
  const run = engine.function<'seed' | 'numbers', 'y'>('layer', (_scope, inputs) => ({
    y: adaptedProduct(adapter, {
      layer: 'layer',
      x: tf.ones([positions, 2]),
      params: (name) => values[name] as tf.Tensor,
      layout: 'out-in',
      product: (x) => tf.matMul(tensorOf(x), values['layer.weight'] as tf.Tensor2D, false, true),
      dropout: seed === undefined ? undefined : { step: inputs.seed, numbers: inputs.numbers as tf.Tensor1D },
    }),
  }));
  const { y } = await run({
    seed: { dtype: 'int32', shape: [], data: Int32Array.of(seed ?? 0) },
    numbers: { dtype: 'int32', shape: [positions], data: Int32Array.from(numbers) },
  });
  return Array.from({ length: positions }, (_, i) => [...y.data.subarray(2 * i, 2 * i + 2)]);
}

describe('dropout', () => {
  it('drops its share of the inputs, and enlarges the others', async () => {
    const outputs = (await apply(adapter(0.75), 2000, 1)).map(([first]) => first as number);
    // The other elements count 1 / (1 − 0.75) = 4 times: y₁ is 1 or 1 + 2 · 4.
    expect([...new Set(outputs)].sort()).toEqual([1, 9]);
    const count = outputs.filter((value) => value === 9).length;
    expect(Math.abs(count - 500)).toBeLessThan(4 * Math.sqrt(2000 * 0.75 * 0.25));
    expect(await apply(adapter(0.75), 20)).toEqual(Array(20).fill([3, 1]));
    expect(await apply(adapter(0), 20, 1)).toEqual(Array(20).fill([3, 1]));
  });

  it('draws by the number of a position, wherever the position stands', async () => {
    const [whole, part] = [await apply(adapter(0.5), 40, 1), await apply(adapter(0.5), 3, 1, [13 * 17, 0, 13 * 17])];
    expect(part).toEqual([whole[17], whole[0], whole[17]]);
    // The largest number of a position.
    const [last] = await apply(adapter(0.5), 1, 1, [2 ** 15 - 1]);
    expect([1, 5]).toContain(last?.[0]);
  });

  it('of DoRA drops the same elements from the share that the magnitude adds', async () => {
    // ‖W + 2 B A‖ = (3, 1), so the magnitudes (6, 1) double the first output: 2 · (1 + 2).
    expect(await apply(adapter(0.5, true), 3)).toEqual(Array(3).fill([6, 1]));
    // With a dropped element: x W alone, 1. Otherwise x counts twice: 1 + (2 − 1) · 2 + 2 · 2 · 2.
    const outputs = (await apply(adapter(0.5, true), 200, 1)).map(([first]) => first as number);
    expect([...new Set(outputs)].sort((a, b) => a - b)).toEqual([1, 11]);
  });
});

describe('a model with dropout', async () => {
  const model = await addLora(tinyLlama(testEngine()), { rank: 2, alpha: 4, dropout: 0.3, seed: 1 });
  for (const [name, variable] of model.trainable())
    if (name.includes('lora_B')) variable.write((await variable.read()).map((_, i) => Math.sin(i)));
  const batch = referencePacking([{ prompt: [1, 2, 3], answers: [[4, 5], [6]] }]);

  const score = (of: LanguageModel, adapterOn = true) => {
    const run = of.engine.function<string, 'logps'>('score', (scope, inputs) => ({
      logps: of.sequenceLogps(
        (name) => scope.read(of.variable(name)),
        { ...(inputs as unknown as Omit<PackedInputs, 'sequences'>), sequences: batch.sequences },
        {
          adapter: adapterOn,
          dropout: inputs.step && inputs.numbers && { step: inputs.step, numbers: inputs.numbers },
        },
      ),
    }));
    return async (step?: number) => {
      const seed =
        step === undefined
          ? {}
          : {
              step: { dtype: 'int32' as const, shape: [], data: Int32Array.of(step) },
              numbers: {
                dtype: 'int32' as const,
                shape: [batch.packedRows, batch.length],
                data: batch.ids.map((_, i) => 31 * i),
              },
            };
      return [...(await run({ ...packedValues(batch), ...seed })).logps.data];
    };
  };

  it('drops by the step alone, and only in training steps', async () => {
    const logps = score(model);
    const [plain, one, two] = [await logps(), await logps(1), await logps(2)];
    expect(one).not.toEqual(plain);
    expect(two).not.toEqual(one);
    expect(await logps(1)).toEqual(one);
    expect(await logps()).toEqual(plain);
  });

  it('without its adapter is the reference, whatever the dropout', async () => {
    const logps = score(model, false);
    expect(await logps(1)).toEqual(await logps());
  });
});
