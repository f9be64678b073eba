import { DpoError, parseJsonObject } from '@dpo/base';
import type { ByteFolder } from '@dpo/base/bytes';
import { openSafetensorsIn } from '@dpo/base/safetensors';
import { parseConfig } from './config-json.js';
import { openGgufModel } from './gguf-model.js';
import { firstPart } from './gguf-parts.js';
import type { ModelFiles } from './model-files.js';
import { pickle, pickled } from './pickled-weights.js';
import { textFiles } from './text-file-names.js';

/** The folder of chat templates besides the default one. */
const TEMPLATES = 'additional_chat_templates';

/** SentencePiece's own files, from which other programs, such as llama.cpp's converter, make their tokenizers. */
const binaryFiles = ['tokenizer.model', 'sentencepiece.bpe.model', 'spiece.model'] as const;

/**
 * Opens a Hugging Face folder, a PEFT adapter's folder, or a folder with one `.gguf` file or the parts of one model: on disk
 * (`diskFolder`), or files that a browser's user chose (`blobFolder`). Only descriptions are read; weights are read later, one at a
 * time.
 *
 * @throws {DpoError} `model.no-config`, `model.no-weights`, `model.ambiguous`, `model.pickle`, `lora.not-peft`, and the errors of
 * {@link openSafetensorsIn}, {@link parseConfig} and {@link openGgufModel}.
 */
export async function openModelFolder(folder: ByteFolder): Promise<ModelFiles> {
  const { path } = folder;
  const names = await folder.names();
  const textOf = (name: string) => (names.includes(name) ? folder.text(name) : undefined);
  const adapterText = holdsAdapter(names) ? await textOf('adapter_config.json') : undefined;
  const configText = await textOf('config.json');
  if (configText === undefined && adapterText === undefined) {
    const gguf = names.filter((name) => name.toLowerCase().endsWith('.gguf'));
    if (gguf.length === 0) throw noConfig(path, names);
    const only = gguf.length === 1 ? gguf[0] : firstPart(gguf);
    if (only === undefined) throw severalGguf(path, gguf);
    return { ...(await openGgufModel(folder, only, () => readTextFiles(folder))), path };
  }

  const adapterConfig =
    adapterText === undefined ? undefined : parseJsonObject(adapterText, folder.pathOf('adapter_config.json'));
  if (adapterConfig !== undefined) checkPeft(path, names, adapterConfig);
  if (!names.some((name) => name.endsWith('.safetensors') || name.endsWith('.safetensors.index.json'))) {
    throw noWeights(path, names, configText);
  }
  const weights = await openSafetensorsIn(folder);
  try {
    return {
      path,
      folder,
      format: 'safetensors',
      weightFiles: weights.files,
      config: configText === undefined ? {} : parseConfig(configText, folder.pathOf('config.json')),
      tensors: weights.tensors,
      read: weights.read,
      tokenizerFiles: await readTextFiles(folder),
      binaryFiles: binaryFiles.filter((name) => names.includes(name)).map((name) => folder.pathOf(name)),
      ...(adapterConfig === undefined ? {} : { adapter: { config: adapterConfig } }),
      close: weights.close,
    };
  } catch (error) {
    await weights.close();
    throw error;
  }
}

/** Whether file names are those of an adapter. The folder of a merged model may still have its adapter's configuration. */
export function holdsAdapter(names: readonly string[]): boolean {
  const whole = names.includes('model.safetensors') || names.includes('model.safetensors.index.json');
  return !whole && names.includes('adapter_config.json');
}

/** The texts beside a model's weights (tokenizer, chat template, generation defaults), by file name. */
export async function readTextFiles(folder: ByteFolder): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  // Files may be readable in a folder that cannot be listed.
  const present = await folder.names().catch(() => [...textFiles, TEMPLATES]);
  const templates = present.includes(TEMPLATES) ? await templateNames(folder) : [];
  for (const name of [...textFiles.filter((file) => present.includes(file)), ...templates]) {
    const text = await folder.text(name);
    if (text !== undefined) files[name] = text;
  }
  return files;
}

/** A model's chat templates besides the default one, by their paths within the model's folder. */
async function templateNames(folder: ByteFolder): Promise<string[]> {
  const names = await folder.names(TEMPLATES).catch(() => []);
  return names.filter((name) => name.endsWith('.jinja')).map((name) => `${TEMPLATES}/${name}`);
}

/** Refuses adapters of MLX, which have other files beside a configuration with PEFT's file name. */
function checkPeft(path: string, names: readonly string[], config: Readonly<Record<string, unknown>>): void {
  const mlxFile = names.find((name) => /^(\d+_)?adapters\.(safetensors|npz)$/.test(name));
  const settings = ['fine_tune_type', 'lora_parameters'].find((key) => key in config);
  if (names.some((name) => name.startsWith('adapter_model.')) || (mlxFile === undefined && settings === undefined))
    return;
  throw new DpoError(
    'lora.not-peft',
    `${path} is an adapter of MLX, not of PEFT: ${mlxFile ?? `"${settings}" in adapter_config.json`}, and no adapter_model.safetensors.`,
    {
      values: { path, file: mlxFile ?? null },
      hint: 'Merge it into its base with MLX (mlx_lm.fuse --model BASE --adapter-path FOLDER --save-path NEW, unquantised) and give NEW as the model.',
    },
  );
}

function noConfig(path: string, names: readonly string[]): DpoError {
  return new DpoError('model.no-config', `${path} has no config.json.`, {
    values: { path, files: names.slice(0, 50) },
    hint: 'A model folder holds config.json, model.safetensors and the tokenizer’s files, as on the model hub.',
  });
}

function severalGguf(path: string, files: readonly string[]): DpoError {
  return new DpoError('model.ambiguous', `${path} holds several GGUF files: ${files.join(', ')}.`, {
    values: { path, files },
    hint: 'Name the file instead of the folder.',
  });
}

/** The error of a folder without safetensors. When its weights are pickled, the message says how to convert them. */
function noWeights(path: string, names: readonly string[], config = ''): DpoError {
  const file = names.find((name) => pickle.test(name));
  if (file === undefined) {
    return new DpoError('model.no-weights', `${path} has no model.safetensors.`, {
      values: { path, files: names.slice(0, 50) },
      hint: 'Download the weights too: model.safetensors, or all its parts and model.safetensors.index.json.',
    });
  }
  return pickled(path, file, config.includes('ForSequenceClassification') ? 'SequenceClassification' : 'CausalLM');
}
