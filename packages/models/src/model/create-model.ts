import { normal, random } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import { decoderFor } from '../architectures/registry.js';
import { languageModel } from './language-model.js';
import type { LanguageModel } from './types.js';

/**
 * A new model with random weights, initialised as in transformers: normal numbers whose standard deviation is the configuration's
 * `initializer_range` (0.02), norms 1, biases 0. In GPT-2, layers that add to the residual stream begin smaller.
 *
 * @param config a Hugging Face configuration; missing settings have transformers' defaults
 * @param options.seed the same seed gives the same weights
 * @throws {DpoError} the errors of {@link decoderFor}
 */
export function createModel(
  engine: Engine,
  config: Readonly<Record<string, unknown>>,
  { seed }: { readonly seed: number },
): LanguageModel {
  const decoder = decoderFor(config);
  const weights = [...decoder.weights].map(([name, { shape, initial }], index) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if ('value' in initial) data.fill(initial.value);
    else {
      const next = normal(random(seed, index));
      for (let i = 0; i < data.length; i++) data[i] = initial.deviation * next();
    }
    return [name, engine.variable(name, shape, data)] as const;
  });
  return languageModel(engine, decoder, new Map(weights));
}
