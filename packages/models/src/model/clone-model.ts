import type { Variable } from '@dpo/engine';
import { type FrozenStorage, type Rounding, weightStore } from './frozen-weights.js';
import { languageModel } from './language-model.js';
import type { LanguageModel } from './types.js';

/** How a model is copied. */
export interface CloneOptions {
  /** How the copy's matrices are stored. Without effect on a model with an adapter, whose base is shared. Default float32. */
  readonly storage?: FrozenStorage | undefined;
  /** Called when rounding to bfloat16 has changed weights. */
  readonly onRounding?: ((rounding: Rounding) => void) | undefined;
}

/**
 * A copy of the model, which stays as it is while the model is trained: a frozen reference. Without an adapter all weights are
 * copied, one at a time. With an adapter only the adapter is copied, and both models share the base, which training does not
 * change. Such a copy is of use only until the model is disposed of.
 */
export async function cloneModel(model: LanguageModel, options: CloneOptions = {}): Promise<LanguageModel> {
  const { engine, decoder, adapter } = model;
  if (adapter === undefined) return languageModel(engine, decoder, await copyWeights(model, model.weights, options));
  const weights = await copyWeights(model, adapter.weights, {});
  return languageModel(engine, decoder, model.weights, { ...adapter, weights }, { ownsBase: false });
}

async function copyWeights(
  { engine, decoder }: LanguageModel,
  from: ReadonlyMap<string, Variable>,
  { storage = 'float32', onRounding }: CloneOptions,
): Promise<Map<string, Variable>> {
  const store = weightStore(engine, storage, decoder.unembedding);
  const weights = new Map<string, Variable>();
  try {
    for (const [name, variable] of from) weights.set(name, store.add(name, variable.shape, await variable.read()));
  } catch (error) {
    for (const variable of weights.values()) variable.dispose();
    throw error;
  }
  const rounding = store.rounding();
  if (rounding !== undefined) onRounding?.(rounding);
  return weights;
}
