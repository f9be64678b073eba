import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import type { Variable } from '@dpo/engine';
import { type ModelFiles, openModelFiles } from '../files/model-files.js';
import { type TensorToWrite, writeSafetensors } from '../files/write-safetensors.js';
import { languageModel } from '../model/language-model.js';
import { makeFolder, writeText } from '../model/save-model.js';
import type { LanguageModel } from '../model/types.js';
import { checkBare } from './add-lora.js';
import { type LinearLayer, linearLayers } from './targets.js';
import { adapterWeightName } from './types.js';

export interface SaveAdapterOptions {
  /** The base model's folder or hub name, which the adapter's configuration points to. Default: the source's path. */
  readonly baseModel?: string | undefined;
  /** Whose tokenizer files go along; usually what the base was loaded from. */
  readonly source?: Pick<ModelFiles, 'tokenizerFiles' | 'path'> | undefined;
}

/**
 * Writes a PEFT folder: `adapter_model.safetensors` (float32), `adapter_config.json`, the tokenizer's files.
 * Python PEFT opens it on the same base model.
 *
 * Throws `lora.no-adapter`, and file errors.
 */
export async function saveAdapter(
  model: LanguageModel,
  folder: string,
  { baseModel, source }: SaveAdapterOptions = {},
): Promise<void> {
  const { adapter, decoder } = model;
  if (adapter === undefined)
    throw new DpoError('lora.no-adapter', 'The model has no adapter to save.', { hint: 'Save the model instead.' });
  await makeFolder(folder);
  const tensors = [...adapter.weights].map(
    ([name, variable]): TensorToWrite => ({
      name,
      shape: variable.shape,
      dtype: 'float32',
      data: () => variable.read(),
    }),
  );
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  for (const [name, text] of Object.entries(source?.tokenizerFiles ?? {})) await writeText(join(folder, name), text);
  const config = {
    base_model_name_or_path: baseModel ?? source?.path ?? null,
    bias: 'none',
    fan_in_fan_out: decoder.linearLayout === 'in-out',
    inference_mode: true,
    init_lora_weights: true,
    // Read back, this gives the same scaling however it came about.
    lora_alpha: adapter.scaling * adapter.rank,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: adapter.rank,
    target_modules: adapter.targets,
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  };
  await writeText(join(folder, 'adapter_config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/**
 * The model with the adapter of a PEFT folder. The result shares the model's weights and owns them.
 *
 * Throws `lora.has-adapter`, `lora.not-an-adapter`, `lora.unsupported` for what is not plain LoRA (DoRA, other methods,
 * ranks by layer, layers saved in full), and `lora.wrong-base` where it does not fit the model.
 */
export async function loadAdapter(model: LanguageModel, folder: string): Promise<LanguageModel> {
  checkBare(model);
  const files = await openModelFiles(folder);
  try {
    if (files.adapter === undefined)
      throw new DpoError('lora.not-an-adapter', `${folder} is a model, not an adapter.`, { values: { path: folder } });
    const { rank, alpha, scaling, targets } = readConfig(files.adapter.config, folder);
    const layers = adaptedLayers(model, files, rank);
    const weights = new Map<string, Variable>();
    for (const layer of layers)
      for (const part of ['A', 'B'] as const) {
        const name = adapterWeightName(layer.name, part);
        weights.set(name, model.engine.variable(name, shapeOf(layer, part, rank), await files.read(name)));
      }
    const names = layers.map(({ name }) => name);
    const adapter = { rank, alpha, scaling, layers: names, targets: targets ?? names, weights };
    const adapted = languageModel(model.engine, model.decoder, model.weights, adapter);
    adapted.onDispose(() => model.dispose());
    return adapted;
  } finally {
    await files.close();
  }
}

function shapeOf({ inputs, outputs }: LinearLayer, part: 'A' | 'B', rank: number): readonly number[] {
  return part === 'A' ? [rank, inputs] : [outputs, rank];
}

/** The layers that the files adapt; every tensor must belong to one and have its shape. */
function adaptedLayers(model: LanguageModel, files: ModelFiles, rank: number): LinearLayer[] {
  const layers = linearLayers(model.decoder).filter(({ name }) => files.tensors.has(adapterWeightName(name, 'A')));
  const expected = new Map(
    layers.flatMap((layer) =>
      (['A', 'B'] as const).map((part) => [adapterWeightName(layer.name, part), shapeOf(layer, part, rank)] as const),
    ),
  );
  for (const name of new Set([...files.tensors.keys(), ...expected.keys()])) {
    const [has, wants] = [files.tensors.get(name)?.shape, expected.get(name)];
    if (has === undefined || wants === undefined || has.join() !== wants.join())
      throw new DpoError(
        'lora.wrong-base',
        `${files.path}, tensor "${name}" is ${has ? `[${has.join(', ')}]` : 'missing'}; this model ${wants ? `needs [${wants.join(', ')}]` : 'has no such layer'}.`,
        {
          values: { path: files.path, tensor: name, received: has ?? null, expected: wants ?? null },
          hint: 'The adapter was trained on another model.',
        },
      );
  }
  return layers;
}

interface AdapterSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly scaling: number;
  /** Undefined where the targets are a pattern. */
  readonly targets: readonly string[] | undefined;
}

function readConfig(config: Readonly<Record<string, unknown>>, folder: string): AdapterSettings {
  const unsupported = (key: string) =>
    new DpoError('lora.unsupported', `${folder}: "${key}": ${JSON.stringify(config[key])} is not supported.`, {
      values: { path: folder, key, received: config[key] ?? null },
      hint: 'Merge the adapter into its base model in Python (merge_and_unload) and load the result.',
    });
  if (config.peft_type !== 'LORA') throw unsupported('peft_type');
  if ((config.bias ?? 'none') !== 'none') throw unsupported('bias');
  for (const key of ['use_dora', 'modules_to_save', 'rank_pattern', 'alpha_pattern', 'trainable_token_indices']) {
    const value = config[key] ?? false;
    const empty = value === false || (typeof value === 'object' && Object.keys(value as object).length === 0);
    if (!empty) throw unsupported(key);
  }
  const { r: rank, lora_alpha: alpha, target_modules: targets } = config;
  if (typeof rank !== 'number' || !Number.isSafeInteger(rank) || rank < 1) throw unsupported('r');
  if (typeof alpha !== 'number' || !(alpha > 0)) throw unsupported('lora_alpha');
  // Rank-stabilised LoRA (arXiv 2312.03732) divides by the root of the rank.
  const scaling = config.use_rslora === true ? alpha / Math.sqrt(rank) : alpha / rank;
  return { rank, alpha, scaling, targets: Array.isArray(targets) ? targets.map(String) : undefined };
}
