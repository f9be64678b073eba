import { DpoError } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import { decoderFor } from '../architectures/registry.js';
import type { Decoder } from '../architectures/types.js';
import type { ModelFiles } from '../files/model-files.js';
import { openModelFiles } from '../files/open-model-files.js';
import { targetLayers } from '../lora/targets.js';
import { forModel } from '../tokenizer/for-model.js';
import { loadTokenizer } from '../tokenizer/load-tokenizer.js';
import type { ModelTokenizer } from '../tokenizer/tokenizer.js';
import { hasTokenizer } from '../tokenizer/vocabulary-files.js';
import { languageModel } from './language-model.js';
import { matchTensors } from './match-tensors.js';
import { withOwnHead } from './own-head.js';
import { checkLayers, readWeights } from './read-weights.js';
import type { LanguageModel } from './types.js';
import type { WeightPlan } from './weight-plan.js';

export interface LoadOptions {
  /** Called after each weight with the bytes read so far and those of all weights, as the files store them. */
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined;
  /** What to do about tensors that the architecture has no use for. Default `error`. */
  readonly extraTensors?: 'error' | 'ignore' | undefined;
}

export interface LoadedModel {
  readonly model: LanguageModel;
  /** Undefined where the folder has no tokenizer. */
  readonly tokenizer: ModelTokenizer | undefined;
  /** What was opened. Its weights are read and its file is closed; configuration and texts stay at hand for saving. */
  readonly source: ModelFiles;
  /** What of the files was taken otherwise than their configuration says, or left aside: a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Loads a language model from a Hugging Face folder or a GGUF file. Weights are read one at a time into variables.
 *
 * @throws DpoError `model.unsupported-architecture`, `model.bad-config`, `model.unsupported-config`, `model.quantised`,
 * `model.not-a-language-model`, `model.unmerged-adapter`, `model.unknown-prefix`, `model.missing-tensor`,
 * `model.extra-tensor`, `model.wrong-shape`, `model.not-finite`, `model.adapter`, and those of
 * {@link openModelFiles}
 */
export async function loadModel(engine: Engine, path: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const source = await openModelFiles(path);
  try {
    const { tokenizer, ...planned } = await planModel(source, options);
    const { decoder, matched } = await withOwnHead(planned, source);
    const weights = await readWeights(engine, decoder, source, matched.places, options.onProgress);
    const notes = [...(source.notes ?? []), ...notesOn(source, planned.decoder, decoder, matched.leftAside)];
    return { model: languageModel(engine, decoder, weights), tokenizer, source, notes };
  } finally {
    await source.close();
  }
}

/**
 * Finds out without reading a weight, and without an engine, whether {@link loadModel} would open a model: its
 * configuration, the names and shapes of its weights, its tokenizer.
 * @throws what `loadModel` would throw
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
  const { config } = decoder;
  const matched = matchTensors(planOf(decoder), source, extraTensors);
  const tokenizer = hasTokenizer(source.tokenizerFiles)
    ? forModel(await loadTokenizer(source.tokenizerFiles), source.config, config.vocabSize)
    : undefined;
  return { decoder, matched, tokenizer };
}

function planOf({ config, weights, prefix, isExtra, head, headAliases = [], unembedding }: Decoder): WeightPlan {
  const tiedTo = config.tiedHead ? unembedding : undefined;
  return { modelType: config.modelType, weights, prefix, isExtra, head: { name: head, aliases: headAliases, tiedTo } };
}

function notesOn({ path }: ModelFiles, planned: Decoder, decoder: Decoder, leftAside: readonly string[]): string[] {
  return [
    ...(planned === decoder
      ? []
      : [
          `${path} says "tie_word_embeddings": true, but has a head that differs from the embedding: the head is taken.`,
        ]),
    ...(leftAside.length === 0 ? [] : [`${path}: the value head (${leftAside.join(', ')}) is left aside.`]),
  ];
}

/** The error of an adapter's folder where a model's is needed. */
export function isAdapter({ path, adapter }: ModelFiles): DpoError {
  const base = adapter?.config.base_model_name_or_path;
  return new DpoError('model.adapter', `${path} is an adapter, not a model.`, {
    values: { path, base: base ?? null },
    hint: `Load its base model${typeof base === 'string' && base ? ` (${base})` : ''}, then the adapter onto it.`,
  });
}
