import { DpoError } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import { decoderFor } from '../architectures/registry.js';
import type { Decoder } from '../architectures/types.js';
import type { ModelFiles } from '../files/model-files.js';
import { forModel } from '../tokenizer/for-model.js';
import { createTokenizer, type ModelTokenizer } from '../tokenizer/tokenizer.js';
import { hasTokenizer } from '../tokenizer/vocabulary-files.js';
import type { Rounding } from './frozen-weights.js';
import { languageModel } from './language-model.js';
import { matchTensors } from './match-tensors.js';
import { withOwnHead } from './own-head.js';
import { checkLayers, type ReadOptions, readWeights } from './read-weights.js';
import type { LanguageModel } from './types.js';
import type { WeightPlan } from './weight-plan.js';

/** How a model is loaded. */
export interface LoadOptions extends ReadOptions {
  /** What happens to tensors that are no part of the architecture. Default `error`. */
  readonly extraTensors?: 'error' | 'ignore' | undefined;
}

/** A model with the tokenizer and the files that belong to it. */
export interface LoadedModel {
  readonly model: LanguageModel;
  /** Undefined when the folder has no tokenizer. */
  readonly tokenizer: ModelTokenizer | undefined;
  /** The files of the model. The file of the weights is closed; the configuration and the texts serve for saving. */
  readonly source: ModelFiles;
  /** Sentences about parts of the files that are ignored, or used against their configuration. */
  readonly notes: readonly string[];
  /** What rounding weights to bfloat16 has changed; undefined when nothing has. */
  readonly rounding: Rounding | undefined;
}

/**
 * Loads a language model from opened files, which stay open. Weights are read one at a time into variables. A page opens files by
 * `openModelFolder(blobFolder(…))`.
 *
 * @throws {DpoError} `model.unsupported-architecture`, `model.bad-config`, `model.unsupported-config`, `model.quantised`,
 * `model.not-a-language-model`, `model.unmerged-adapter`, `model.unknown-prefix`, `model.missing-tensor`,
 * `model.extra-tensor`, `model.wrong-shape`, `model.not-finite`, `model.adapter`.
 */
export async function loadModelFrom(
  engine: Engine,
  source: ModelFiles,
  options: LoadOptions = {},
): Promise<LoadedModel> {
  const { tokenizer, ...plan } = await planModel(source, options);
  const { decoder, tensors } = await withOwnHead(plan, source);
  const { weights, rounding } = await readWeights(engine, decoder, source, tensors.places, options);
  const notes = [...(source.notes ?? []), ...notesOn(source, plan.decoder, decoder, tensors.valueHead)];
  return { model: languageModel(engine, decoder, weights), tokenizer, source, notes, rounding };
}

/** The steps of loading before weights are read. */
export async function planModel(source: ModelFiles, { extraTensors = 'error' }: Pick<LoadOptions, 'extraTensors'>) {
  if (source.adapter !== undefined) throw isAdapter(source);
  checkLayers(source);
  const decoder = decoderFor(source.config, source.path);
  const { config } = decoder;
  const tensors = matchTensors(planOf(decoder), source, extraTensors);
  const tokenizer = hasTokenizer(source.tokenizerFiles)
    ? forModel(createTokenizer(source.tokenizerFiles), source.config, config.vocabSize)
    : undefined;
  return { decoder, tensors, tokenizer };
}

function planOf({ config, weights, prefix, isExtra, head, headAliases = [], unembedding }: Decoder): WeightPlan {
  const tiedTo = config.tiedHead ? unembedding : undefined;
  return { modelType: config.modelType, weights, prefix, isExtra, head: { name: head, aliases: headAliases, tiedTo } };
}

function notesOn({ path }: ModelFiles, configured: Decoder, decoder: Decoder, valueHead: readonly string[]): string[] {
  return [
    ...(configured === decoder
      ? []
      : [
          `${path} says "tie_word_embeddings": true, but has a head that differs from the embedding: the head is used.`,
        ]),
    ...(valueHead.length === 0 ? [] : [`${path}: the value head (${valueHead.join(', ')}) is ignored.`]),
  ];
}

/** The error `model.adapter` of an adapter's folder in the place of a model's. */
export function isAdapter({ path, adapter }: ModelFiles): DpoError {
  const base = adapter?.config.base_model_name_or_path;
  return new DpoError('model.adapter', `${path} is an adapter, not a model.`, {
    values: { path, base: base ?? null },
    hint: `Load its base model${typeof base === 'string' && base ? ` (${base})` : ''}, then the adapter onto it.`,
  });
}
