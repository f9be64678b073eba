import { DpoError } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import {
  type CheckOptions,
  checkModel,
  type LanguageModel,
  loadAdapter,
  loadModel,
  type ModelFiles,
  openModelFiles,
  resolveModel,
  type Tokenizer,
} from '@dpo/models';
import type { Context } from '../command/define.js';
import { fetchOptions } from './fetch-options.js';

/** A model that is ready to run, with what its folder held besides weights. */
export interface OpenModel {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly source: ModelFiles;
  /** The folder or file that was loaded; for an adapter, its base. */
  readonly path: string;
}

/**
 * Opens what `--model` names: a folder, a GGUF file, `org/name` of the hub, or a PEFT folder, which is its base with
 * the adapter on.
 */
export async function openModel(engine: Engine, name: string, context: Context): Promise<OpenModel> {
  const { path, base } = await modelAndBase(await findModel(name, context), context);
  if (base === undefined) return openBase(engine, path, context);
  const opened = await openBase(engine, base, context);
  return { ...opened, model: await loadAdapter(opened.model, path) };
}

async function openBase(engine: Engine, path: string, context: Context): Promise<OpenModel> {
  const { model, tokenizer, source } = await loadModel(engine, path, {
    onProgress: (bytes, total) => context.progress(`Loading ${path}: ${Math.round((100 * bytes) / total)} %`),
  });
  if (tokenizer === undefined) throw noTokenizer(path);
  return { model, tokenizer, source, path };
}

/**
 * Throws what {@link openModel} would throw of a model's files, without an engine and without reading a weight: in
 * milliseconds, before anything large is opened.
 */
export async function checkOpens(name: string, context: Context, options: CheckOptions = {}): Promise<void> {
  const { path, base = path } = await modelAndBase(await findModel(name, context), context);
  const { hasTokenizer } = await checkModel(base, options);
  if (!hasTokenizer) throw noTokenizer(base);
}

/** A model's folder or file and, for an adapter, those of its base. */
export async function modelAndBase(
  path: string,
  context: Context,
): Promise<{ readonly path: string; readonly base?: string }> {
  const files = await openModelFiles(path);
  const adapter = files.adapter?.config;
  await files.close();
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

function noTokenizer(path: string): DpoError {
  return new DpoError('model.no-tokenizer', `${path} has no tokenizer.json.`, {
    values: { path },
    hint: 'Copy the tokenizer files of the model into its folder.',
  });
}

/** The local folder or file of a model, fetched from the hub where it is not one. */
export async function findModel(name: string, context: Context): Promise<string> {
  return resolveModel(name, fetchOptions(name, context));
}
