import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { makeFolder } from '@dpo/base/files';
import { type TensorToWrite, writeSafetensors } from '@dpo/base/safetensors';
import type { Variable } from '@dpo/engine';
import type { Decoder } from '../architectures/types.js';
import { checkFinite } from '../files/check-finite.js';
import type { ModelFiles } from '../files/model-files.js';
import { openModelFiles } from '../files/open-model-files.js';
import { languageModel } from '../model/language-model.js';
import { type CompanionFiles, writeCompanions, writeText } from '../model/save-model.js';
import type { LanguageModel } from '../model/types.js';
import { adapterConfig, readAdapterConfig } from './adapter-config.js';
import { peftNames } from './adapter-names.js';
import { checkBare, checkDropout } from './add-lora.js';
import { nameInModel, savableWeights } from './modules-to-save.js';
import { areTargets, linearLayers } from './targets.js';
import {
  type AdapterSettings,
  adapterWeightName,
  layerSettings,
  magnitudeName,
  savedWeightName,
  savedWeightOf,
} from './types.js';

export interface SaveAdapterOptions {
  /** The base model's folder or hub name, which the adapter's configuration points to. Default: the source's path. */
  readonly baseModel?: string | undefined;
  /** Whose tokenizer files go along; usually what the base was loaded from. */
  readonly source?: (CompanionFiles & Pick<ModelFiles, 'path'>) | undefined;
  /** The text of `README.md`: see `modelCard`. */
  readonly card?: string | undefined;
}

/**
 * Writes a PEFT folder: `adapter_model.safetensors` (float32), `adapter_config.json`, the tokenizer's files.
 * Python PEFT opens it on the same base model.
 *
 * @throws DpoError `lora.no-adapter`, and file errors
 */
export async function saveAdapter(
  model: LanguageModel,
  folder: string,
  { baseModel, source, card }: SaveAdapterOptions = {},
): Promise<void> {
  const { adapter, decoder } = model;
  if (adapter === undefined)
    throw new DpoError('lora.no-adapter', 'The model has no adapter to save.', { hint: 'Save the model instead.' });
  await makeFolder(folder);
  const tensors = [...adapter.weights].map(
    ([name, variable]): TensorToWrite => ({
      name: nameInFile(decoder, name),
      shape: variable.shape,
      dtype: 'float32',
      data: (room) => variable.read(room),
    }),
  );
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  await writeCompanions(folder, source, card);
  const config = adapterConfig(adapter, decoder, baseModel ?? source?.path ?? null);
  await writeText(join(folder, 'adapter_config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

function nameInFile(decoder: Decoder, name: string): string {
  const weight = savedWeightOf(name);
  return weight === undefined ? name : savedWeightName(nameInModel(decoder, weight));
}

export interface LoadAdapterOptions {
  /** Dropout of training steps, instead of none. The one that the adapter was trained with is not taken over. */
  readonly dropout?: number | undefined;
  /** Of the dropout. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * The model with the adapter of a PEFT folder. The result shares the model's weights and owns them.
 *
 * @throws DpoError `lora.has-adapter`, `lora.not-an-adapter`, `lora.unsupported` for what is not LoRA or DoRA as known here,
 * `lora.unknown-names` for names that PEFT does not read, `lora.resized-vocabulary`,
 * `lora.wrong-base` when it does not fit the model, `lora.bad-dropout`
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
    const { layers, saved, shapes } = matchTensors(model, files, places, settings);
    for (const [name, shape] of shapes) {
      const place = places.get(name) as string;
      const data = await files.read(place);
      checkFinite(files.path, place, data);
      weights.set(name, engine.variable(name, shape, data));
    }
    const adapted = layers.map((name) => ({ name, ...layerSettings(settings, name) }));
    // Settings that leave layers out (layers_to_transform, exclude_modules) are not kept, but the layers' names.
    const targets = areTargets(decoder, settings, layers) ? settings.targets : layers;
    const adapter = { ...settings, targets, seed, layers: adapted, saved, weights };
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

interface Matched {
  readonly layers: readonly string[];
  readonly saved: ReadonlySet<string>;
  /** All tensors of the files, by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** What the files adapt: every tensor must belong to a layer or a weight of the model and have its shape. */
function matchTensors(
  model: LanguageModel,
  files: ModelFiles,
  places: ReadonlyMap<string, string>,
  settings: AdapterSettings,
): Matched {
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
  const saved = new Set<string>();
  for (const name of places.keys()) {
    const weight = savedWeightOf(name);
    const shape = weight === undefined ? undefined : savable.get(weight);
    if (weight === undefined || shape === undefined) continue;
    saved.add(weight);
    shapes.set(name, shape);
  }
  for (const name of new Set([...places.keys(), ...shapes.keys()])) {
    const [has, wants] = [files.tensors.get(places.get(name) ?? '')?.shape, shapes.get(name)];
    if (has !== undefined && wants === undefined) checkAdaptable(decoder, files.path, name);
    if (has !== undefined && wants !== undefined) checkVocabulary(model, files.path, name, has, wants);
    if (has === undefined || wants === undefined || has.join() !== wants.join())
      throw wrongBase(files.path, name, has, wants);
  }
  return { layers: layers.map(({ name }) => name), saved, shapes };
}

/** Low-rank factors of an embedding or of the head, which PEFT can have, are told from those of another model. */
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

/** An adapter that brings an embedding or a head of another vocabulary was trained on the base after a resizing. */
function checkVocabulary(
  { vocabSize }: LanguageModel,
  path: string,
  tensor: string,
  has: readonly number[],
  wants: readonly number[],
): void {
  const [rows, wanted] = [has[0], wants[0]];
  if (savedWeightOf(tensor) === undefined || wanted !== vocabSize || rows === wanted) return;
  if (has.slice(1).join() !== wants.slice(1).join()) return;
  throw new DpoError(
    'lora.resized-vocabulary',
    `${path}, tensor "${tensor}" has ${rows} rows, one to a token, and the base model ${wanted}: the adapter was trained after the base's vocabulary was resized.`,
    {
      values: { path, tensor, received: has, expected: wants },
      hint:
        `Resize the base in Python, base.resize_token_embeddings(${rows}), put the adapter on it, and save the result of ` +
        'merge_and_unload(); or save the resized base and name it in adapter_config.json.',
    },
  );
}

function wrongBase(
  path: string,
  tensor: string,
  has: readonly number[] | undefined,
  wants: readonly number[] | undefined,
): DpoError {
  return new DpoError(
    'lora.wrong-base',
    `${path}, tensor "${tensor}" is ${has ? `[${has.join(', ')}]` : 'missing'}; this model ${wants ? `needs [${wants.join(', ')}]` : 'has no such layer'}.`,
    {
      values: { path, tensor, received: has ?? null, expected: wants ?? null },
      hint: 'The adapter was trained on another model.',
    },
  );
}
