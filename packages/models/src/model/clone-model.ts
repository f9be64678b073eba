import type { Variable } from '@dpo/engine';
import { languageModel } from './language-model.js';
import type { LanguageModel } from './types.js';

/**
 * The model as it is now, which stays so while the first is trained: a frozen reference. Without an adapter all weights
 * are copied, one at a time. With an adapter only the adapter is copied: the base, which training leaves as it is, is
 * shared, so that the copy can be used no longer than the model.
 */
export async function cloneModel(model: LanguageModel): Promise<LanguageModel> {
  const { engine, decoder, adapter } = model;
  if (adapter === undefined) return languageModel(engine, decoder, await copied(model, model.weights));
  const weights = await copied(model, adapter.weights);
  return languageModel(engine, decoder, model.weights, { ...adapter, weights }, { ownsBase: false });
}

async function copied({ engine }: LanguageModel, from: ReadonlyMap<string, Variable>): Promise<Map<string, Variable>> {
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
