import { stat } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { CachedRepository, isCommit, sizeOf } from './cache.js';
import { listFiles } from './list-files.js';
import { needHubName, parseHubName } from './name.js';
import { request } from './request.js';
import { type HubOptions, hubSettings } from './settings.js';
import { type DownloadProgress, fetchFiles } from './snapshot.js';
import { wantedFiles } from './wanted-files.js';

/** What to download, and from where. */
export interface DownloadOptions extends HubOptions {
  /** Names of files, with `*` for any part; without it what a model is opened from. */
  readonly files?: readonly string[];
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/**
 * Downloads a model from the hub, `org/name` or `org/name@revision`, into the cache that it shares with Python
 * (`$HF_HOME/hub/models--org--name/{blobs,refs,snapshots}`), and only what is not there yet. Without network the
 * cached files serve if they are complete.
 *
 * @returns the folder of the snapshot
 * @throws DpoError `hub.bad-name`, `hub.bad-endpoint`, `hub.bad-token`, `hub.bad-setting`, `hub.not-found`,
 * `hub.no-access`, `hub.no-weights`, `hub.offline`, `hub.unreachable`, `hub.answer-too-large`, `hub.failed`,
 * `hub.wrong-content`, and the file errors; the signal's reason
 */
export async function downloadModel(name: string, options: DownloadOptions = {}): Promise<string> {
  const settings = await hubSettings(options);
  const model = new CachedRepository(settings.cache, needHubName(name));
  const cached = options.files === undefined ? await model.complete() : undefined;
  // A commit never changes: what is complete needs no question.
  if (cached !== undefined && (settings.offline || isCommit(model.name.revision))) return cached;
  if (settings.offline) return offline(model, options.files !== undefined);

  // Where the cache can serve, nobody waits for more than one try.
  const patience = cached === undefined ? settings : { ...settings, tries: 1 };
  const listed = await listFiles(patience, model.name).catch((error: unknown) => {
    if (cached !== undefined && DpoError.is(error, 'hub.unreachable')) return undefined;
    throw error;
  });
  if (listed === undefined) return cached as string;
  const { commit, names } = listed;
  const wanted = wantedFiles(names, options.files);
  if (options.files === undefined) needWeights(name, wanted, names);

  await fetchFiles(settings, model, commit, wanted, options.onProgress);
  // Last, so that the revision never names a snapshot in part.
  await model.remember(commit);
  return model.snapshot(commit);
}

/**
 * The folder or file of a model that is named by its path or by its name on the hub. A path that exists comes first.
 *
 * @throws DpoError `model.not-found` when it is neither, and what {@link downloadModel} throws
 */
export async function resolveModel(nameOrPath: string, options: DownloadOptions = {}): Promise<string> {
  if (await stat(nameOrPath).catch(() => undefined)) return nameOrPath;
  if (parseHubName(nameOrPath) === undefined || nameOrPath.toLowerCase().endsWith('.gguf')) {
    throw new DpoError('model.not-found', `There is no model at ${nameOrPath}.`, {
      values: { path: nameOrPath },
      hint: 'Give a folder with config.json and model.safetensors, a .gguf file, or a name on the hub (org/name).',
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
 * Whether the hub answers within a time: one small request, no retries. False when offline is asked for.
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
    // An address that refuses this request is there all the same.
    return (
      DpoError.is(error, 'hub.not-found') || DpoError.is(error, 'hub.no-access') || DpoError.is(error, 'hub.failed')
    );
  }
}

function needWeights(name: string, wanted: readonly string[], names: readonly string[]): void {
  if (wanted.some((file) => /\.(safetensors|gguf)$/i.test(file))) return;
  const pickled = names.find((file) => /\.(bin|pt|pth)$/.test(file));
  throw new DpoError('hub.no-weights', `${name} has no weights in safetensors.`, {
    values: { name, files: names.slice(0, 50) },
    hint:
      pickled === undefined
        ? 'Take another model, or name a revision that has them (org/name@revision).'
        : `It has ${pickled}, a Python pickle, which is not read. Convert it in Python: ` +
          `AutoModelForCausalLM.from_pretrained(${JSON.stringify(name)}).save_pretrained("FOLDER").`,
  });
}

async function offline(model: CachedRepository, some: boolean): Promise<string> {
  const commit = some ? await model.commit() : undefined;
  if (commit !== undefined && (await sizeOf(model.snapshot(commit))) > 0) return model.snapshot(commit);
  throw new DpoError('hub.offline', `${model.name.id} is not in the cache, and downloading is switched off.`, {
    values: { name: model.name.id, revision: model.name.revision, folder: model.folder },
    hint: 'Unset HF_HUB_OFFLINE, or give a folder.',
  });
}
