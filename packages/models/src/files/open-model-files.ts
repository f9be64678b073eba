import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DpoError, parseJsonObject } from '@dpo/base';
import { asFileError, readTextIfThere } from '@dpo/base/files';
import { openSafetensors } from '@dpo/base/safetensors';
import { parseConfig } from './config-json.js';
import { openGgufModel } from './gguf-model.js';
import { firstPart } from './gguf-parts.js';
import type { ModelFiles } from './model-files.js';

/** Text files that are copied unchanged from a model to the models that are trained from it. */
const textFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'generation_config.json',
  'chat_template.jinja',
  'chat_template.json',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
] as const;

/** The folder of chat templates besides the default one. */
const TEMPLATES = 'additional_chat_templates';

/** Names of files with weights that Python has pickled. */
const pickle = /\.(bin|bin\.index\.json|pt|pth|ckpt|pkl)$/i;

/** SentencePiece's own files, from which other programs, such as llama.cpp's converter, make their tokenizers. */
const binaryFiles = ['tokenizer.model', 'sentencepiece.bpe.model', 'spiece.model'] as const;

/**
 * Opens a Hugging Face folder, a PEFT adapter's folder, a `.gguf` file, or a folder with one `.gguf` file or the parts of one
 * model. Only descriptions are read; weights are read later, one at a time.
 *
 * @throws {DpoError} `model.not-found`, `model.unknown-format`, `model.no-config`, `model.no-weights`, `model.ambiguous`,
 * `model.pickle`, `lora.not-peft`, and the errors of {@link openSafetensors}, {@link parseConfig} and {@link openGgufModel}.
 */
export async function openModelFiles(path: string): Promise<ModelFiles> {
  const stats = await stat(path).catch((error: unknown) => {
    const fileError = asFileError(error, path);
    if (!DpoError.is(fileError, 'file.not-found')) throw fileError;
    throw new DpoError('model.not-found', `There is no model at ${path}.`, {
      values: { path },
      hint: 'Give a folder with config.json and model.safetensors, or a .gguf file.',
      cause: error,
    });
  });
  if (!stats.isDirectory()) return openSingleFile(path);

  const names = await readdir(path);
  const textOf = (name: string) => (names.includes(name) ? readTextIfThere(join(path, name)) : undefined);
  const adapterText = isAdapter(names) ? await textOf('adapter_config.json') : undefined;
  const configText = await textOf('config.json');
  if (configText === undefined && adapterText === undefined) {
    const gguf = names.filter((name) => name.toLowerCase().endsWith('.gguf'));
    if (gguf.length === 0) throw noConfig(path, names);
    const only = gguf.length === 1 ? gguf[0] : firstPart(gguf);
    if (only === undefined) throw severalGguf(path, gguf);
    return { ...(await openGgufModel(join(path, only), () => readTextFiles(path))), path };
  }

  if (adapterText !== undefined)
    checkPeft(path, names, parseJsonObject(adapterText, join(path, 'adapter_config.json')));
  if (!names.some((name) => name.endsWith('.safetensors') || name.endsWith('.safetensors.index.json'))) {
    throw noWeights(path, names, configText);
  }
  const weights = await openSafetensors(path);
  try {
    return {
      path,
      format: 'safetensors',
      weightFiles: weights.files,
      config: configText === undefined ? {} : parseConfig(configText, join(path, 'config.json')),
      tensors: weights.tensors,
      read: weights.read,
      tokenizerFiles: await readTextFiles(path),
      binaryFiles: binaryFiles.filter((name) => names.includes(name)).map((name) => join(path, name)),
      ...(adapterText === undefined
        ? {}
        : { adapter: { config: parseJsonObject(adapterText, join(path, 'adapter_config.json')) } }),
      close: weights.close,
    };
  } catch (error) {
    await weights.close();
    throw error;
  }
}

/** Whether a path is an adapter's folder, by its file names alone. False for files, and for folders that cannot be listed. */
export async function isAdapterFolder(path: string): Promise<boolean> {
  return isAdapter(await readdir(path).catch(() => []));
}

/** Whether file names are those of an adapter. The folder of a merged model may still have its adapter's configuration. */
function isAdapter(names: readonly string[]): boolean {
  const whole = names.includes('model.safetensors') || names.includes('model.safetensors.index.json');
  return !whole && names.includes('adapter_config.json');
}

/** The texts beside a model's weights (tokenizer, chat template, generation defaults), by file name. */
export async function readTextFiles(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  // Files may be readable in a folder that cannot be listed.
  const present = await readdir(folder).catch(() => [...textFiles, TEMPLATES]);
  const templates = present.includes(TEMPLATES) ? await templateNames(folder) : [];
  for (const name of [...textFiles.filter((file) => present.includes(file)), ...templates]) {
    const text = await readTextIfThere(join(folder, name));
    if (text !== undefined) files[name] = text;
  }
  return files;
}

/** A model's chat templates besides the default one, by their paths within the model's folder. */
async function templateNames(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, TEMPLATES)).catch(() => []);
  return names.filter((name) => name.endsWith('.jinja')).map((name) => `${TEMPLATES}/${name}`);
}

async function openSingleFile(path: string): Promise<ModelFiles> {
  if (path.toLowerCase().endsWith('.gguf')) return openGgufModel(path, () => readTextFiles(dirname(path)));
  if (pickle.test(basename(path))) throw pickled(dirname(path), basename(path));
  throw new DpoError('model.unknown-format', `${path} is neither a folder nor a .gguf file.`, {
    values: { path },
    hint: basename(path).endsWith('.safetensors')
      ? 'Give the folder with this file and its config.json.'
      : 'Give a folder with config.json and model.safetensors, or a .gguf file.',
  });
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

/** The error of a folder whose weights are pickled, with the Python that converts them. */
function pickled(folder: string, file: string, task = 'CausalLM'): DpoError {
  const convert = file.startsWith('adapter_model')
    ? 'safetensors.torch.save_file(torch.load("adapter_model.bin", weights_only=True), "adapter_model.safetensors")'
    : `AutoModelFor${task}.from_pretrained(${JSON.stringify(folder)}).save_pretrained("NEW_FOLDER")`;
  return new DpoError(
    'model.pickle',
    `${folder} has its weights only as ${file}, a Python pickle, which is not read.`,
    {
      values: { path: folder, file },
      hint: `Pickles run code when they are opened. Convert it in Python: ${convert}.`,
    },
  );
}
