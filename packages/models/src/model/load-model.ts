import { DpoError } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import { decoderFor } from '../architectures/registry.js';
import { type ModelFiles, openModelFiles } from '../files/model-files.js';
import { targetLayers } from '../lora/targets.js';
import { forModel } from '../tokenizer/for-model.js';
import { loadTokenizer, type Tokenizer } from '../tokenizer/tokenizer.js';
import { hasTokenizer } from '../tokenizer/vocabulary-files.js';
import { languageModel } from './language-model.js';
import { checkLayers, matchTensors, readWeights } from './read-weights.js';
import type { LanguageModel } from './types.js';

export interface LoadOptions {
  /** Called after each weight with the bytes read so far and those of all weights, as the files store them. */
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined;
  /** What to do about tensors that the architecture has no use for. Default `error`. */
  readonly extraTensors?: 'error' | 'ignore' | undefined;
}

export interface LoadedModel {
  readonly model: LanguageModel;
  /** Undefined where the folder has no tokenizer. */
  readonly tokenizer: Tokenizer | undefined;
  /** What was opened. Its weights are read and its file is closed; configuration and texts stay at hand for saving. */
  readonly source: ModelFiles;
}

/**
 * Loads a language model from a Hugging Face folder or a GGUF file. Weights are read one at a time into variables.
 *
 * Errors: `model.unsupported-architecture`, `model.bad-config`, `model.unsupported-config`, `model.missing-tensor`,
 * `model.extra-tensor`, `model.wrong-shape`, `model.not-finite`, `model.adapter`, and those of
 * {@link openModelFiles}.
 */
export async function loadModel(engine: Engine, path: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const source = await openModelFiles(path);
  try {
    const { decoder, plan, places, tokenizer } = await planModel(source, options);
    const weights = await readWeights(engine, plan, source, places, options.onProgress);
    return { model: languageModel(engine, decoder, weights), tokenizer, source };
  } finally {
    await source.close();
  }
}

/**
 * Finds out without reading a weight, and without an engine, whether {@link loadModel} would open a model: its
 * configuration, the names and shapes of its weights, its tokenizer. Throws what `loadModel` would throw.
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

/** What else a model is to be good for. */
export interface CheckOptions extends Pick<LoadOptions, 'extraTensors'> {
  /** Layers that are to get adapters: `lora.unknown-target` where there are none of that name. */
  readonly loraTargets?: readonly string[] | undefined;
}

/** What is known of a model that could be opened. */
export interface CheckedModel {
  readonly hasTokenizer: boolean;
}

/** All that is to be known before weights are read. */
async function planModel(source: ModelFiles, { extraTensors = 'error' }: Pick<LoadOptions, 'extraTensors'>) {
  if (source.adapter !== undefined) throw isAdapter(source);
  checkLayers(source);
  const decoder = decoderFor(source.config, source.path);
  const { weights, prefix, config } = decoder;
  const plan = { modelType: config.modelType, weights, prefix, isExtra: decoder.isExtra };
  const places = matchTensors(plan, source, extraTensors);
  const tokenizer = hasTokenizer(source.tokenizerFiles)
    ? forModel(await loadTokenizer(source.tokenizerFiles), source.config, config.vocabSize)
    : undefined;
  return { decoder, plan, places, tokenizer };
}

/** The error of an adapter's folder where a model's is needed. */
export function isAdapter({ path, adapter }: ModelFiles): DpoError {
  const base = adapter?.config.base_model_name_or_path;
  return new DpoError('model.adapter', `${path} is an adapter, not a model.`, {
    values: { path, base: base ?? null },
    hint: `Load its base model${typeof base === 'string' && base ? ` (${base})` : ''}, then the adapter onto it.`,
  });
}
