import { basename } from 'node:path';
import { DpoError } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import { resolveModel } from '@dpo/hub';
import {
  adapterTokenizerFiles,
  type CheckOptions,
  checkModel,
  forModel,
  isAdapterFolder,
  type LanguageModel,
  loadAdapter,
  loadModel,
  loadTokenizer,
  type ModelFiles,
  type ModelTokenizer,
  openModelFiles,
} from '@dpo/models';
import type { RunContext } from '../context.js';
import { fetchOptions } from './fetch-options.js';
import { type FrozenOptions, tellStorage } from './frozen-storage.js';

/** A model that is ready to run, with what its folder holds besides weights. */
export interface OpenModel {
  readonly model: LanguageModel;
  readonly tokenizer: ModelTokenizer;
  readonly source: ModelFiles;
  /** The folder or file that was loaded; for an adapter, its base. */
  readonly path: string;
}

/** How a model is opened. */
export interface OpenOptions extends FrozenOptions {
  /** Whether the weights stay as they are, so that `baseDtype` counts. The base of a PEFT folder always does. Default false. */
  readonly frozen?: boolean | undefined;
}

/**
 * Opens the model that `--model` names: a folder, a GGUF file, `org/name` of the hub, or a PEFT folder, which stands for its
 * base with the adapter on. Without `baseDtype`, all weights are stored in float32.
 *
 * @throws DpoError `model.…`, `lora.…`, `hub.…`; `model.no-tokenizer` when the folder has none
 */
export async function openModel(
  engine: Engine,
  name: string,
  context: RunContext,
  { frozen = false, baseDtype = 'float32' }: OpenOptions = {},
): Promise<OpenModel> {
  const { path, base } = await modelAndBase(await findModel(name, context), context);
  const options: FrozenOptions = { baseDtype: frozen || base !== undefined ? baseDtype : 'float32' };
  const bare = await openBase(engine, base ?? path, context, options);
  const whole = base === undefined ? bare : await withAdapter(bare, path);
  const { tokenizer } = whole;
  if (tokenizer === undefined) throw await noTokenizer(path);
  return { ...whole, tokenizer };
}

/** An open model whose folder may have no tokenizer. */
type OpenBase = Omit<OpenModel, 'tokenizer'> & { readonly tokenizer: ModelTokenizer | undefined };

async function openBase(engine: Engine, path: string, context: RunContext, options: FrozenOptions): Promise<OpenBase> {
  const { model, tokenizer, source, notes, rounding } = await loadModel(engine, path, {
    storage: options.baseDtype,
    onProgress: (bytes, total) => context.progress(`Loading ${path}: ${Math.round((100 * bytes) / total)} %`),
  });
  for (const note of notes) context.note(note);
  tellStorage(path, model, options, rounding, context);
  return { model, tokenizer, source, path };
}

/** A model with a PEFT folder's adapter on, and with the tokenizer and the template that lie beside the adapter. */
export async function withAdapter<Base extends OpenBase>(base: Base, adapter: string): Promise<Base> {
  const model = await loadAdapter(base.model, adapter);
  const files = await describe(adapter);
  const { source } = base;
  if (!bringsTokenizer(files)) return { ...base, model };
  const tokenizerFiles = adapterTokenizerFiles(source.tokenizerFiles, files.tokenizerFiles);
  const tokenizer = forModel(await loadTokenizer(tokenizerFiles), source.config, model.vocabSize);
  return { ...base, model, tokenizer, source: { ...source, tokenizerFiles } };
}

function bringsTokenizer({ tokenizerFiles }: ModelFiles): boolean {
  return Object.keys(tokenizerFiles).some((name) => name !== 'generation_config.json');
}

/**
 * Throws what {@link openModel} would throw about a model's files. The check takes milliseconds: it needs no engine and reads no
 * weight.
 *
 * @throws DpoError the errors of {@link openModel}
 */
export async function checkOpens(name: string, context: RunContext, options: CheckOptions = {}): Promise<void> {
  const { path, base = path } = await modelAndBase(await findModel(name, context), context);
  const { hasTokenizer } = await checkModel(base, options);
  if (base !== path && (await checkAdapterTokenizer(base, path))) return;
  if (!hasTokenizer) throw await noTokenizer(base);
}

/** Opens the tokenizer of an adapter on its base. False when no tokenizer file lies beside the adapter. */
async function checkAdapterTokenizer(base: string, path: string): Promise<boolean> {
  const [ofBase, ofAdapter] = [await describe(base), await describe(path)];
  if (!bringsTokenizer(ofAdapter)) return false;
  await loadTokenizer(adapterTokenizerFiles(ofBase.tokenizerFiles, ofAdapter.tokenizerFiles));
  return true;
}

/** Errors of folders that hold no model, and may hold a tokenizer. */
const noModelCodes = ['model.no-config', 'model.no-weights', 'model.pickle'];

/**
 * The tokenizer of the model that `--model` names, as {@link openModel} would open the tokenizer, without the weights. A folder
 * with a tokenizer alone will do.
 *
 * @throws DpoError `tokenizer.…`, `model.…`, `hub.…`
 */
export async function openTokenizer(name: string, context: RunContext): Promise<ModelTokenizer> {
  const folder = await findModel(name, context);
  try {
    const { path, base = path } = await modelAndBase(folder, context);
    const { config, tokenizerFiles } = await describe(base);
    const files =
      base === path ? tokenizerFiles : adapterTokenizerFiles(tokenizerFiles, (await describe(path)).tokenizerFiles);
    const { vocab_size: size } = config;
    return forModel(await loadTokenizer(files), config, typeof size === 'number' ? size : Number.POSITIVE_INFINITY);
  } catch (error) {
    if (DpoError.is(error) && noModelCodes.includes(error.code))
      return forModel(await loadTokenizer(folder), {}, Number.POSITIVE_INFINITY);
    throw error;
  }
}

async function describe(path: string): Promise<ModelFiles> {
  const files = await openModelFiles(path);
  await files.close();
  return files;
}

/**
 * A model's folder or file and, for an adapter, the folder or file of its base.
 *
 * @throws DpoError `model.no-base` for an adapter that does not name its base
 */
export async function modelAndBase(
  path: string,
  context: RunContext,
): Promise<{ readonly path: string; readonly base?: string }> {
  // Only adapters are opened here: reading the names and the vocabulary of a large model takes seconds.
  if (!(await isAdapterFolder(path))) return { path };
  const adapter = (await describe(path)).adapter?.config;
  return adapter === undefined ? { path } : { path, base: await findModel(baseOf(adapter, path), context) };
}

function baseOf(adapter: Readonly<Record<string, unknown>>, path: string): string {
  const base = adapter.base_model_name_or_path;
  if (typeof base === 'string' && base !== '') return base;
  throw new DpoError('model.no-base', `${path} is an adapter that does not name its base model.`, {
    values: { path },
    hint: 'Set base_model_name_or_path in its adapter_config.json.',
  });
}

/** Says which tokenizer files there are, and how to make files that can be read. */
async function noTokenizer(path: string): Promise<DpoError> {
  const { format, binaryFiles = [], close } = await openModelFiles(path);
  await close();
  const error = (what: string, hint: string) =>
    new DpoError('model.no-tokenizer', `${path} ${what}.`, { values: { path }, hint });
  if (format === 'gguf')
    return error(
      'has no tokenizer in it',
      'Put tokenizer.json and tokenizer_config.json of the model that it was made from beside it, in the same folder.',
    );
  const [sentencePiece] = binaryFiles.map((file) => basename(file));
  if (sentencePiece !== undefined)
    return error(
      `has its tokenizer only as ${sentencePiece} (SentencePiece), and no tokenizer.json`,
      `Make one in Python: AutoTokenizer.from_pretrained(${JSON.stringify(path)}).save_pretrained(${JSON.stringify(path)}), with transformers and sentencepiece installed.`,
    );
  return error('has no tokenizer.json', 'Copy the tokenizer files of the model into its folder.');
}

/**
 * The local folder or file of a model. A name of the hub is fetched first.
 *
 * @throws DpoError `hub.…`
 */
export async function findModel(name: string, context: RunContext): Promise<string> {
  return resolveModel(name, fetchOptions(name, context));
}
