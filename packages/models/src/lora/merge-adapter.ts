import type { Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { decoderFor } from '../architectures/registry.js';
import type { Decoder } from '../architectures/types.js';
import { changedConfig } from '../files/config-json.js';
import { languageModel } from '../model/language-model.js';
import type { LanguageModel } from '../model/types.js';
import { adaptedWeight, outputNorms } from './adapted-product.js';
import { type Adapter, adapterWeightName, magnitudeName, savedWeightName } from './types.js';

/**
 * Merges the adapter into the model's weights, in place, and frees it: W ← W + scaling · B A, with DoRA
 * W ← m / ‖W + scaling · B A‖ · (W + scaling · B A), transposed when W is stored [in, out]. Weights that are saved in full replace
 * the base's. A tied head is no longer tied when the adapter has its own embedding or head. A weight that was stored in bfloat16 is
 * merged into a new variable in float32, so that nothing is rounded. A model without an adapter is returned as it is.
 */
export async function mergeAdapter(model: LanguageModel): Promise<LanguageModel> {
  const { engine, adapter } = model;
  if (adapter === undefined) return model;
  const widened = await mergeLayers(model, adapter);
  const { decoder, weights } = mergedWeights(model, adapter, widened);
  const variables = new Set(weights.values());
  for (const variable of [...model.weights.values(), ...adapter.weights.values()])
    if (!variables.has(variable)) variable.dispose();
  const merged = languageModel(engine, decoder, weights);
  merged.onDispose(() => model.dispose());
  return merged;
}

/** Merges layer by layer. Returns the new variables of the weights that were stored in bfloat16. */
async function mergeLayers(model: LanguageModel, adapter: Adapter): Promise<ReadonlyMap<string, Variable>> {
  const layout = model.decoder.linearLayout;
  const widened = new Map<string, Variable>();
  for (const { name } of adapter.layers) {
    const weight = `${name}.weight`;
    const { shape, storage } = model.variable(weight);
    if (storage !== 'float32') widened.set(weight, model.engine.variable(weight, shape));
  }
  const merge = model.engine.function(
    'merge-adapter',
    (scope) => {
      for (const { name, scaling } of adapter.layers) {
        const parameterValue = (parameter: string) => scope.read(model.variable(parameter));
        const [a, b] = [parameterValue(adapterWeightName(name, 'A')), parameterValue(adapterWeightName(name, 'B'))];
        const variable = model.variable(`${name}.weight`);
        let merged = adaptedWeight(scope.read(variable), a, b, scaling, layout);
        if (adapter.dora) {
          const scale = tf.div(parameterValue(magnitudeName(name)), outputNorms(merged, layout)); // [out]
          merged = tf.mul(merged, layout === 'out-in' ? tf.reshape(scale, [-1, 1]) : scale);
        }
        scope.assign(widened.get(`${name}.weight`) ?? variable, merged);
      }
      return {};
    },
    { precision: 'float32' },
  );
  try {
    await merge({});
    return widened;
  } catch (error) {
    for (const variable of widened.values()) variable.dispose();
    throw error;
  } finally {
    merge.dispose();
  }
}

function mergedWeights(
  model: LanguageModel,
  adapter: Adapter,
  widened: ReadonlyMap<string, Variable>,
): { decoder: Decoder; weights: Map<string, Variable> } {
  const { config } = model;
  const { head, unembedding } = model.decoder;
  const untied = config.tiedHead && (adapter.savedWeights.has(head) || adapter.savedWeights.has(unembedding));
  const decoder = untied ? decoderFor(changedConfig(config.raw, { tie_word_embeddings: false })) : model.decoder;
  const weights = new Map<string, Variable>();
  for (const name of decoder.weights.keys()) {
    const own = adapter.weights.get(savedWeightName(name));
    const base = model.weights.get(untied && name === head ? unembedding : name);
    weights.set(name, own ?? widened.get(name) ?? (base as Variable));
  }
  return { decoder, weights };
}
