import * as tf from '@tensorflow/tfjs-core';
import { languageModel } from '../model/language-model.js';
import type { LanguageModel } from '../model/types.js';
import { adapterWeightName } from './types.js';

/**
 * Adds the adapter to the weights that it adapts, in place, and frees it: W ← W + (alpha / rank) B A, transposed where
 * W is stored [in, out]. A model without an adapter comes back as it is.
 */
export async function mergeAdapter(model: LanguageModel): Promise<LanguageModel> {
  const { engine, decoder, weights, adapter } = model;
  if (adapter === undefined) return model;
  const merge = engine.function(
    'merge-adapter',
    (scope) => {
      for (const layer of adapter.layers) {
        const weight = model.variable(`${layer}.weight`);
        const a = scope.read(model.variable(adapterWeightName(layer, 'A')));
        const b = scope.read(model.variable(adapterWeightName(layer, 'B')));
        const product = decoder.linearLayout === 'out-in' ? tf.matMul(b, a) : tf.matMul(a, b, true, true);
        scope.assign(weight, tf.add(scope.read(weight), tf.mul(product, adapter.scaling)));
      }
      return {};
    },
    { precision: 'float32' },
  );
  try {
    await merge({});
  } finally {
    merge.dispose();
  }
  for (const variable of adapter.weights.values()) variable.dispose();
  const merged = languageModel(engine, decoder, weights);
  merged.onDispose(() => model.dispose());
  return merged;
}
