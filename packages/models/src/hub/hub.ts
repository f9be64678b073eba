import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { isObject } from '../files/json-object.js';
import { CachedModel, isCommit, sizeOf } from './cache.js';
import { describeFile, downloadFile, type HubFile } from './download-file.js';
import { needHubName, parseHubName } from './name.js';
import { request, withRetries } from './request.js';
import { type HubOptions, type HubSettings, hubSettings } from './settings.js';
import { wantedFiles } from './wanted-files.js';

/** How far a download has come. */
export interface DownloadProgress {
  /** The file under way. */
  readonly file: string;
  /** Bytes of all files that are there, those from earlier downloads included. */
  readonly received: number;
  readonly total: number;
}

/** What to download, and from where. */
export interface DownloadOptions extends HubOptions {
  /** Names of files, with `*` for any part; without it what a model is opened from. */
  readonly files?: readonly string[];
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** Descriptions asked for at a time. */
const together = 4;

/**
 * Downloads a model from the hub, `org/name` or `org/name@revision`, into the cache that it shares with Python
 * (`$HF_HOME/hub/models--org--name/{blobs,refs,snapshots}`), and only what is not there yet. Without network the
 * cached files serve if they are complete.
 *
 * @returns the folder of the snapshot
 * Throws `hub.bad-name`, `hub.not-found`, `hub.no-access`, `hub.no-weights`, `hub.offline`, `hub.unreachable`,
 * `hub.wrong-content`.
 */
export async function downloadModel(name: string, options: DownloadOptions = {}): Promise<string> {
  const settings = await hubSettings(options);
  const model = new CachedModel(settings.cache, needHubName(name));
  const cached = options.files === undefined ? await model.complete() : undefined;
  // A commit never changes: what is complete needs no question.
  if (cached !== undefined && (settings.offline || isCommit(model.name.revision))) return cached;
  if (settings.offline) return offline(model, options.files !== undefined);

  const listed = await list(settings, model).catch((error: unknown) => {
    if (cached !== undefined && DpoError.is(error, 'hub.unreachable')) return undefined;
    throw error;
  });
  if (listed === undefined) return cached as string;
  const { commit, names } = listed;
  const wanted = wantedFiles(names, options.files);
  if (options.files === undefined) needWeights(name, wanted, names);

  const missing: string[] = [];
  for (const file of wanted) {
    if ((await stat(join(model.snapshot(commit), ...file.split('/'))).catch(() => undefined)) === undefined) {
      missing.push(file);
    }
  }
  const described: HubFile[] = [];
  for (let start = 0; start < missing.length; start += together) {
    const batch = missing.slice(start, start + together);
    described.push(...(await Promise.all(batch.map((file) => describeFile(settings, model.name.id, commit, file)))));
  }
  const total = described.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  for (const file of described) {
    await downloadFile(settings, model, commit, file, (bytes) => {
      options.onProgress?.({ file: file.file, received: before + bytes, total });
    });
    await model.place(file.etag, commit, file.file);
    before += file.size;
  }
  // Last, so that the revision never names a snapshot in part.
  await model.remember(commit);
  return model.snapshot(commit);
}

/**
 * The folder or file of a model that is named by its path or by its name on the hub. A path that exists comes first.
 *
 * Throws `model.not-found` where it is neither, and what {@link downloadModel} throws.
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

/** Whether the hub answers within a time: one small request, no retries. False when offline is asked for. */
export async function hubAnswers(timeoutMs: number, options: HubOptions = {}): Promise<boolean> {
  const settings = await hubSettings({ ...options, connectTimeoutMs: timeoutMs, tries: 1 });
  if (settings.offline) return false;
  try {
    await request(settings, '/', 'the hub', { method: 'HEAD', redirect: 'manual' });
    return true;
  } catch (error) {
    // An address that refuses this request is there all the same.
    return (
      DpoError.is(error, 'hub.not-found') || DpoError.is(error, 'hub.no-access') || DpoError.is(error, 'hub.failed')
    );
  }
}

async function list(settings: HubSettings, model: CachedModel): Promise<{ commit: string; names: string[] }> {
  const { id, revision } = model.name;
  const what = revision === 'main' ? `model ${id}` : `model ${id} at revision ${revision}`;
  const answer: unknown = await withRetries(settings, what, async () => {
    const response = await request(settings, `/api/models/${id}/revision/${encodeURIComponent(revision)}`, what);
    return response.json().catch(() => undefined);
  });
  const { sha, siblings } = isObject(answer) ? answer : {};
  if (typeof sha !== 'string' || !isCommit(sha) || !Array.isArray(siblings)) {
    throw new DpoError('hub.failed', `${settings.endpoint} does not answer as a model hub does.`, {
      values: { endpoint: settings.endpoint },
      hint: 'Is HF_ENDPOINT the address of a model hub?',
    });
  }
  const names = siblings.flatMap((entry: unknown) =>
    isObject(entry) && typeof entry.rfilename === 'string' && isInside(entry.rfilename) ? [entry.rfilename] : [],
  );
  return { commit: sha, names };
}

/** A file's name becomes a path: it must stay in its folder. */
function isInside(name: string): boolean {
  return !/[\\\0:]/.test(name) && name.split('/').every((part) => part !== '' && !/^\.+$/.test(part));
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

async function offline(model: CachedModel, some: boolean): Promise<string> {
  const commit = some ? await model.commit() : undefined;
  if (commit !== undefined && (await sizeOf(model.snapshot(commit))) > 0) return model.snapshot(commit);
  throw new DpoError('hub.offline', `${model.name.id} is not in the cache, and downloading is switched off.`, {
    values: { name: model.name.id, revision: model.name.revision, folder: model.folder },
    hint: 'Unset HF_HUB_OFFLINE, or give a folder.',
  });
}
