import { DpoError } from '@dpo/base';
import type { Engine, Variable } from '@dpo/engine';
import { decoderFor } from '../architectures/registry.js';
import type { Decoder } from '../architectures/types.js';
import { checkFinite } from '../files/check-finite.js';
import { type ModelFiles, openModelFiles } from '../files/model-files.js';
import { loadTokenizer, type Tokenizer } from '../tokenizer/tokenizer.js';
import { languageModel } from './language-model.js';
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
 * `model.extra-tensor`, `model.wrong-shape`, `model.not-finite`, `model.adapter`, `model.vocabulary`, and those of
 * {@link openModelFiles}.
 */
export async function loadModel(engine: Engine, path: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const source = await openModelFiles(path);
  try {
    if (source.adapter !== undefined) throw isAdapter(source);
    const decoder = decoderFor(source.config, source.path);
    const places = matchTensors(decoder, source, options.extraTensors ?? 'error');
    const tokenizer = hasTokenizer(source) ? await loadTokenizer(source.tokenizerFiles) : undefined;
    if (tokenizer !== undefined && tokenizer.vocabSize > decoder.config.vocabSize)
      throw tooManyTokens(source, tokenizer.vocabSize, decoder.config.vocabSize);
    const weights = await readWeights(engine, decoder, source, places, options.onProgress);
    return { model: languageModel(engine, decoder, weights), tokenizer, source };
  } finally {
    await source.close();
  }
}

/** The tensor of the files behind each weight, checked by name and shape before anything is read. */
function matchTensors(decoder: Decoder, source: ModelFiles, extra: 'error' | 'ignore'): Map<string, string> {
  const places = new Map<string, string>();
  const missing: string[] = [];
  for (const [name, { shape }] of decoder.weights) {
    const bare = name.startsWith(decoder.prefix) ? name.slice(decoder.prefix.length) : name;
    const place = source.tensors.has(name) ? name : bare;
    const entry = source.tensors.get(place);
    if (entry === undefined) missing.push(name);
    else if (entry.shape.join() !== shape.join()) throw wrongShape(source, place, shape, entry.shape);
    places.set(name, place);
  }
  if (missing.length > 0) throw missingTensors(source, missing);
  if (extra === 'error') {
    const used = new Set(places.values());
    const unknown = [...source.tensors.keys()].filter((name) => !used.has(name) && !decoder.isExtra(name));
    if (unknown.length > 0) throw extraTensors(source, unknown, decoder.config.modelType);
  }
  return places;
}

async function readWeights(
  engine: Engine,
  decoder: Decoder,
  source: ModelFiles,
  places: ReadonlyMap<string, string>,
  onProgress: LoadOptions['onProgress'],
): Promise<Map<string, Variable>> {
  const weights = new Map<string, Variable>();
  const bytesOf = (place: string) => source.tensors.get(place)?.byteLength ?? 0;
  const total = [...places.values()].reduce((sum, place) => sum + bytesOf(place), 0);
  let bytes = 0;
  try {
    for (const [name, { shape }] of decoder.weights) {
      const place = places.get(name) as string;
      const data = await source.read(place);
      checkFinite(source.path, place, data);
      weights.set(name, engine.variable(name, shape, data));
      bytes += bytesOf(place);
      onProgress?.(bytes, total);
    }
  } catch (error) {
    for (const variable of weights.values()) variable.dispose();
    throw error;
  }
  return weights;
}

function hasTokenizer({ tokenizerFiles }: ModelFiles): boolean {
  return 'tokenizer.json' in tokenizerFiles || ('vocab.json' in tokenizerFiles && 'merges.txt' in tokenizerFiles);
}

function isAdapter({ path, adapter }: ModelFiles): DpoError {
  const base = adapter?.config.base_model_name_or_path;
  return new DpoError('model.adapter', `${path} is an adapter, not a model.`, {
    values: { path, base: base ?? null },
    hint: `Load its base model${typeof base === 'string' && base ? ` (${base})` : ''}, then the adapter onto it.`,
  });
}

function missingTensors({ path }: ModelFiles, missing: readonly string[]): DpoError {
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return new DpoError('model.missing-tensor', `${path} lacks ${missing.slice(0, 3).join(', ')}${more}.`, {
    values: { path, missing },
    hint: 'Its config.json may belong to another model, or a part of its weights was not fetched.',
  });
}

function extraTensors({ path }: ModelFiles, extra: readonly string[], modelType: string): DpoError {
  const more = extra.length > 3 ? ` and ${extra.length - 3} more` : '';
  return new DpoError(
    'model.extra-tensor',
    `${path} holds tensors that are no part of a ${modelType} model as its config.json describes it: ${extra.slice(0, 3).join(', ')}${more}.`,
    { values: { path, extra }, hint: 'Without them the results would differ from those of the model that was saved.' },
  );
}

function wrongShape(
  { path }: ModelFiles,
  tensor: string,
  expected: readonly number[],
  received: readonly number[],
): DpoError {
  return new DpoError(
    'model.wrong-shape',
    `${path}, tensor "${tensor}" is [${received.join(', ')}], but config.json asks for [${expected.join(', ')}].`,
    { values: { path, tensor, expected, received } },
  );
}

function tooManyTokens({ path }: ModelFiles, tokens: number, vocabSize: number): DpoError {
  return new DpoError(
    'model.vocabulary',
    `${path}: the tokenizer has ${tokens} tokens, but the model only knows ${vocabSize}.`,
    { values: { path, tokens, vocabSize }, hint: 'Tokenizer and model belong to different models.' },
  );
}
