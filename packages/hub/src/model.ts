import { stat } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { CachedRepository, isCommit, sizeOf } from './cache.js';
import { listFiles } from './list-files.js';
import { modelFiles } from './model-files.js';
import { needHubName, parseHubName } from './name.js';
import { request } from './request.js';
import { type HubOptions, hubSettings } from './settings.js';
import { type DownloadProgress, fetchFiles } from './snapshot.js';

/** The options of {@link downloadModel}. */
export interface DownloadOptions extends HubOptions {
  /** Names of files, with `*` for any part. Default the files that a model is opened from. */
  readonly files?: readonly string[];
  /** Called with the bytes so far of all files. */
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/**
 * Downloads a model from the hub, `org/name` or `org/name@revision`, into the cache that Python uses too
 * (`$HF_HOME/hub/models--org--name/{blobs,refs,snapshots}`). Files in the cache are not downloaded again. Without network the
 * result is the model in the cache, when it is complete.
 *
 * @returns the folder of the snapshot
 * @throws DpoError `hub.bad-name`, `hub.bad-endpoint`, `hub.bad-token`, `hub.bad-setting`, `hub.not-found`,
 * `hub.no-access`, `hub.no-weights`, `hub.offline`, `hub.unreachable`, `hub.answer-too-large`, `hub.failed`,
 * `hub.wrong-content`, and the errors of files; the signal's reason
 */
export async function downloadModel(name: string, options: DownloadOptions = {}): Promise<string> {
  const settings = await hubSettings(options);
  const model = new CachedRepository(settings.cache, needHubName(name));
  const cached = options.files === undefined ? await model.complete() : undefined;
  // A commit never changes, so a complete one needs no request.
  if (cached !== undefined && (settings.offline || isCommit(model.name.revision))) return cached;
  if (settings.offline) return offlineSnapshot(model, options.files !== undefined);

  // With a complete model in the cache, one try is enough.
  const patience = cached === undefined ? settings : { ...settings, tries: 1 };
  const listing = await listFiles(patience, model.name).catch((error: unknown) => {
    if (cached !== undefined && DpoError.is(error, 'hub.unreachable')) return undefined;
    throw error;
  });
  if (listing === undefined) return cached as string;
  const { commit, names } = listing;
  const files = modelFiles(names, options.files);
  if (options.files === undefined) needWeights(name, files, names);

  await fetchFiles(settings, model, commit, files, options.onProgress);
  // The last step, so that a revision never leads to an incomplete snapshot.
  await model.remember(commit);
  return model.snapshot(commit);
}

/**
 * The folder or file of a model, by its path or by its name on the hub. An existing path comes first.
 *
 * @throws DpoError `model.not-found` for a text that is neither, and the errors of {@link downloadModel}
 */
export async function resolveModel(nameOrPath: string, options: DownloadOptions = {}): Promise<string> {
  if (await stat(nameOrPath).catch(() => undefined)) return nameOrPath;
  if (parseHubName(nameOrPath) === undefined || nameOrPath.toLowerCase().endsWith('.gguf')) {
    throw new DpoError('model.not-found', `There is no model at ${nameOrPath}.`, {
      values: { path: nameOrPath },
      hint: 'Pass a folder with config.json and model.safetensors, a .gguf file, or a name on the hub (org/name).',
    });
  }
  try {
    return await downloadModel(nameOrPath, options);
  } catch (error) {
    if (!DpoError.is(error)) throw error;
    throw new DpoError(error.code, `There is no folder ${nameOrPath}. As a model on the hub: ${error.message}`, {
      values: { ...error.values, path: nameOrPath },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

/**
 * True when the hub answers one small request within a time. There are no retries. False when `offline` is set.
 *
 * @throws DpoError `hub.bad-endpoint`, `hub.bad-token`, `hub.bad-setting`; the signal's reason
 */
export async function hubAnswers(timeoutMs: number, options: HubOptions = {}): Promise<boolean> {
  const settings = await hubSettings({ ...options, connectTimeoutMs: timeoutMs, tries: 1 });
  if (settings.offline) return false;
  try {
    await request(settings, '/', 'the hub', { method: 'HEAD', redirect: 'manual' });
    return true;
  } catch (error) {
    settings.signal?.throwIfAborted();
    // A hub that refuses this request answers all the same.
    return (
      DpoError.is(error, 'hub.not-found') || DpoError.is(error, 'hub.no-access') || DpoError.is(error, 'hub.failed')
    );
  }
}

function needWeights(name: string, files: readonly string[], names: readonly string[]): void {
  if (files.some((file) => /\.(safetensors|gguf)$/i.test(file))) return;
  const pickle = names.find((file) => /\.(bin|pt|pth)$/.test(file));
  throw new DpoError('hub.no-weights', `${name} has no weights in safetensors.`, {
    values: { name, files: names.slice(0, 50) },
    hint:
      pickle === undefined
        ? 'Take another model, or a revision that has such weights (org/name@revision).'
        : `It has ${pickle}, a Python pickle, which cannot be read. Convert it in Python: ` +
          `AutoModelForCausalLM.from_pretrained(${JSON.stringify(name)}).save_pretrained("FOLDER").`,
  });
}

async function offlineSnapshot(model: CachedRepository, isPart: boolean): Promise<string> {
  const commit = isPart ? await model.commit() : undefined;
  if (commit !== undefined && (await sizeOf(model.snapshot(commit))) > 0) return model.snapshot(commit);
  throw new DpoError('hub.offline', `${model.name.id} is not in the cache, and downloading is switched off.`, {
    values: { name: model.name.id, revision: model.name.revision, folder: model.folder },
    hint: 'Unset HF_HUB_OFFLINE, or name a local folder.',
  });
}
