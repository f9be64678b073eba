import type { Engine } from '@dpo/engine';
import { openModelFiles } from '../files/open-model-files.js';
import { targetLayers } from '../lora/targets.js';
import { type LoadedModel, type LoadOptions, loadModelFrom, planModel } from './load-model-from.js';

/**
 * Loads a language model from a Hugging Face folder or a GGUF file. Weights are read one at a time into variables.
 *
 * @throws {DpoError} the errors of {@link openModelFiles} and {@link loadModelFrom}.
 */
export async function loadModel(engine: Engine, path: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const source = await openModelFiles(path);
  try {
    return await loadModelFrom(engine, source, options);
  } finally {
    await source.close();
  }
}

/**
 * Checks a model's configuration, the names and shapes of its weights, and its tokenizer, without reading a weight and without
 * an engine.
 *
 * @throws {DpoError} the errors of {@link loadModel}, but for `model.not-finite`; `lora.unknown-target`, `lora.bad-pattern`.
 */
export async function checkModel(path: string, options: CheckOptions = {}): Promise<CheckedModel> {
  const source = await openModelFiles(path);
  try {
    const { decoder, tokenizer } = await planModel(source, options);
    if (options.loraTargets !== undefined) targetLayers(decoder, options.loraTargets);
    return { hasTokenizer: tokenizer !== undefined };
  } finally {
    await source.close();
  }
}

/** What else is checked about a model. */
export interface CheckOptions extends Pick<LoadOptions, 'extraTensors'> {
  /** Layers that are to get adapters. Default none. */
  readonly loraTargets?: readonly string[] | undefined;
}

/** Facts about a model that can be opened. */
export interface CheckedModel {
  readonly hasTokenizer: boolean;
}
