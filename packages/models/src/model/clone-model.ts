import type { Variable } from '@dpo/engine';
import { languageModel } from './language-model.js';
import type { LanguageModel } from './types.js';

/**
 * A copy of the model, which stays as it is while the model is trained: a frozen reference. Without an adapter all weights are
 * copied, one at a time. With an adapter only the adapter is copied, and both models share the base, which training does not
 * change. Such a copy is of use only until the model is disposed of.
 */
export async function cloneModel(model: LanguageModel): Promise<LanguageModel> {
  const { engine, decoder, adapter } = model;
  if (adapter === undefined) return languageModel(engine, decoder, await copyWeights(model, model.weights));
  const weights = await copyWeights(model, adapter.weights);
  return languageModel(engine, decoder, model.weights, { ...adapter, weights }, { ownsBase: false });
}

async function copyWeights(
  { engine }: LanguageModel,
  from: ReadonlyMap<string, Variable>,
): Promise<Map<string, Variable>> {
  const weights = new Map<string, Variable>();
  try {
    for (const [name, variable] of from)
      weights.set(name, engine.variable(name, variable.shape, await variable.read()));
  } catch (error) {
    for (const variable of weights.values()) variable.dispose();
    throw error;
  }
  return weights;
}
