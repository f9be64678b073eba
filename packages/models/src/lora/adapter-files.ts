import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { makeFolder } from '@dpo/base/files';
import { writeSafetensors } from '@dpo/base/safetensors';
import type { Variable } from '@dpo/engine';
import type { Decoder } from '../architectures/types.js';
import { checkFinite } from '../files/check-finite.js';
import type { ModelFiles } from '../files/model-files.js';
import { openModelFiles } from '../files/open-model-files.js';
import { languageModel } from '../model/language-model.js';
import { writeCompanions, writeWhole } from '../model/save-model.js';
import type { LanguageModel } from '../model/types.js';
import { readAdapterConfig } from './adapter-config.js';
import { adapterParts, adapterWeights, type SaveAdapterOptions } from './adapter-contents.js';
import { peftNames } from './adapter-names.js';
import { checkBare, checkDropout } from './add-lora.js';
import { savableWeights } from './modules-to-save.js';
import { areTargets, linearLayers } from './targets.js';
import {
  type AdapterSettings,
  adapterWeightName,
  layerSettings,
  magnitudeName,
  savedWeightName,
  savedWeightOf,
} from './types.js';

/**
 * Writes a PEFT folder: `adapter_model.safetensors` (float32), `adapter_config.json`, the tokenizer's files.
 * Python PEFT opens it on the same base model.
 *
 * @throws {DpoError} `lora.no-adapter`, and file errors.
 */
export async function saveAdapter(
  model: LanguageModel,
  folder: string,
  options: SaveAdapterOptions = {},
): Promise<void> {
  const { tensors, config } = adapterParts(model, options);
  await makeFolder(folder);
  await writeSafetensors(join(folder, adapterWeights), tensors);
  await writeCompanions(folder, options.source, options.card);
  await writeWhole(join(folder, 'adapter_config.json'), config);
}

/** How an adapter is loaded. */
export interface LoadAdapterOptions {
  /** The dropout of training steps, in [0, 1). The dropout in the adapter's files does not count. Default 0. */
  readonly dropout?: number | undefined;
  /** The seed of the dropout. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * The model with the adapter of a PEFT folder. The result shares the model's weights and owns them.
 *
 * @throws {DpoError} `lora.has-adapter`, `lora.not-an-adapter`, `lora.unsupported` for settings that are not computed here,
 * `lora.unknown-names` for names that PEFT does not read, `lora.resized-vocabulary`, `lora.wrong-base` when the adapter does not fit
 * the model, `lora.bad-dropout`, `model.not-finite`, and the errors of {@link openModelFiles}.
 */
export async function loadAdapter(
  model: LanguageModel,
  folder: string,
  { dropout = 0, seed = 0 }: LoadAdapterOptions = {},
): Promise<LanguageModel> {
  checkBare(model);
  checkDropout(dropout);
  const { engine, decoder } = model;
  const files = await openModelFiles(folder);
  const weights = new Map<string, Variable>();
  try {
    if (files.adapter === undefined)
      throw new DpoError('lora.not-an-adapter', `${folder} is a model, not an adapter.`, { values: { path: folder } });
    const settings = { ...readAdapterConfig(files.adapter.config, folder), dropout };
    const places = peftNames(files.tensors.keys(), decoder, folder);
    const { layers, savedWeights, shapes } = matchTensors(model, files, places, settings);
    for (const [name, shape] of shapes) {
      const place = places.get(name) as string;
      const data = await files.read(place);
      checkFinite(files.path, place, data);
      weights.set(name, engine.variable(name, shape, data));
    }
    const adaptedLayers = layers.map((name) => ({ name, ...layerSettings(settings, name) }));
    // Settings that leave layers out (layers_to_transform, exclude_modules) are replaced by the layers' names.
    const targets = areTargets(decoder, settings, layers) ? settings.targets : layers;
    const adapter = { ...settings, targets, seed, layers: adaptedLayers, savedWeights, weights };
    const result = languageModel(engine, decoder, model.weights, adapter);
    result.onDispose(() => model.dispose());
    return result;
  } catch (error) {
    for (const variable of weights.values()) variable.dispose();
    throw error;
  } finally {
    await files.close();
  }
}

interface MatchedTensors {
  /** The layers that have factors. */
  readonly layers: readonly string[];
  /** The base's weights that are saved in full. */
  readonly savedWeights: ReadonlySet<string>;
  /** The shapes of the adapter's weights, by PEFT's names. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** The layers and weights that the files adapt. Every tensor must belong to one of them and have its shape. */
function matchTensors(
  model: LanguageModel,
  files: ModelFiles,
  places: ReadonlyMap<string, string>,
  settings: AdapterSettings,
): MatchedTensors {
  const { decoder } = model;
  const layers = linearLayers(decoder).filter(({ name }) => places.has(adapterWeightName(name, 'A')));
  const shapes = new Map<string, readonly number[]>();
  for (const { name, inputs, outputs } of layers) {
    const { rank } = layerSettings(settings, name);
    shapes.set(adapterWeightName(name, 'A'), [rank, inputs]);
    shapes.set(adapterWeightName(name, 'B'), [outputs, rank]);
    if (settings.dora) shapes.set(magnitudeName(name), [outputs]);
  }
  const savable = savableWeights(decoder);
  const savedWeights = new Set<string>();
  for (const name of places.keys()) {
    const weight = savedWeightOf(name);
    const shape = weight === undefined ? undefined : savable.get(weight);
    if (weight === undefined || shape === undefined) continue;
    savedWeights.add(weight);
    shapes.set(name, shape);
  }
  for (const name of new Set([...places.keys(), ...shapes.keys()])) {
    const [received, expected] = [files.tensors.get(places.get(name) ?? '')?.shape, shapes.get(name)];
    if (received !== undefined && expected === undefined) checkAdaptable(decoder, files.path, name);
    if (received !== undefined && expected !== undefined) checkVocabulary(model, files.path, name, received, expected);
    if (received === undefined || expected === undefined || received.join() !== expected.join())
      throw wrongBase(files.path, name, received, expected);
  }
  return { layers: layers.map(({ name }) => name), savedWeights, shapes };
}

/** Refuses factors of an embedding or of the head. PEFT has them, so they do not mean that the adapter fits another model. */
function checkAdaptable(decoder: Decoder, path: string, tensor: string): void {
  const embeddings = [...decoder.weights].filter(([, { kind }]) => kind === 'embedding').map(([name]) => name);
  const modules = [...embeddings, decoder.head].map((name) => savedWeightName(name.slice(0, -'.weight'.length)));
  const isPart = (module: string) => ['.lora_', '.base_layer.'].some((part) => tensor.startsWith(module + part));
  if (!modules.some(isPart)) return;
  throw new DpoError(
    'lora.unsupported',
    `${path}, tensor "${tensor}": embeddings or the head among "target_modules" is not supported.`,
    {
      values: { path, tensor },
      hint: 'Merge the adapter into its base model in Python (merge_and_unload) and load the result; train such modules in full instead.',
    },
  );
}

/** Refuses an embedding or a head of another vocabulary: the adapter was trained after the base's vocabulary was resized. */
function checkVocabulary(
  { vocabSize }: LanguageModel,
  path: string,
  tensor: string,
  received: readonly number[],
  expected: readonly number[],
): void {
  const [tokens] = received;
  if (savedWeightOf(tensor) === undefined || expected[0] !== vocabSize || tokens === vocabSize) return;
  if (received.slice(1).join() !== expected.slice(1).join()) return;
  throw new DpoError(
    'lora.resized-vocabulary',
    `${path}, tensor "${tensor}" has ${tokens} rows, one to a token, and the base model ${vocabSize}: the adapter was trained after the base's vocabulary was resized.`,
    {
      values: { path, tensor, received, expected },
      hint:
        `Resize the base in Python, base.resize_token_embeddings(${tokens}), put the adapter on it, and save the result of ` +
        'merge_and_unload(); or save the resized base and name it in adapter_config.json.',
    },
  );
}

function wrongBase(
  path: string,
  tensor: string,
  received: readonly number[] | undefined,
  expected: readonly number[] | undefined,
): DpoError {
  return new DpoError(
    'lora.wrong-base',
    `${path}, tensor "${tensor}" is ${received ? `[${received.join(', ')}]` : 'missing'}; this model ${expected ? `needs [${expected.join(', ')}]` : 'has no such layer'}.`,
    {
      values: { path, tensor, received: received ?? null, expected: expected ?? null },
      hint: 'The adapter was trained on another model.',
    },
  );
}
