import type { Variable } from '@dpo/engine';
import { languageModel } from './language-model.js';
import type { LanguageModel } from './types.js';

/**
 * A second set of the same weights, which stays as it is while the first is trained: a frozen reference. The adapter is
 * not copied. Copied one weight at a time.
 */
export async function cloneModel(model: LanguageModel): Promise<LanguageModel> {
  const weights = new Map<string, Variable>();
  for (const [name, variable] of model.weights)
    weights.set(name, model.engine.variable(name, variable.shape, await variable.read()));
  return languageModel(model.engine, model.decoder, weights);
}
