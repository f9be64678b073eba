import { normal, random } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import { decoderFor } from '../architectures/registry.js';
import { type FrozenStorage, weightStore } from './frozen-weights.js';
import { languageModel } from './language-model.js';
import type { LanguageModel } from './types.js';

/**
 * A new model with random weights, initialised as in transformers: normal numbers whose standard deviation is the configuration's
 * `initializer_range` (0.02), norms 1, biases 0. In GPT-2, layers that add to the residual stream begin smaller.
 *
 * @param config a Hugging Face configuration; missing settings have transformers' defaults
 * @param options.seed the same seed gives the same weights
 * @param options.storage how matrices are stored, for a model that is not trained itself; default float32
 * @throws {DpoError} the errors of {@link decoderFor}
 */
export function createModel(
  engine: Engine,
  config: Readonly<Record<string, unknown>>,
  { seed, storage = 'float32' }: { readonly seed: number; readonly storage?: FrozenStorage | undefined },
): LanguageModel {
  const decoder = decoderFor(config);
  const store = weightStore(engine, storage, decoder.unembedding);
  const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
  // One buffer serves all weights, as when weights are read: see `readWeights`.
  const buffer = new Float32Array(Math.max(0, ...[...decoder.weights.values()].map(({ shape }) => sizeOf(shape))));
  const weights = [...decoder.weights].map(([name, { shape, initial }], index) => {
    const data = buffer.subarray(0, sizeOf(shape));
    if ('value' in initial) data.fill(initial.value);
    else {
      const next = normal(random(seed, index));
      for (let i = 0; i < data.length; i++) data[i] = initial.deviation * next();
    }
    return [name, store.add(name, shape, data)] as const;
  });
  return languageModel(engine, decoder, new Map(weights));
}
