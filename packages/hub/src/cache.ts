import { copyFile, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isObject } from '@dpo/base';
import {
  leftoverName,
  makeFolder,
  ownTag,
  removeLeftovers,
  stateOf,
  tagPattern,
  writeFileAtomic,
} from '@dpo/base/files';
import type { HubName } from './name.js';

/** The folder of one repository in the cache, laid out as Python's huggingface_hub does: blobs, refs, snapshots. */
export class CachedRepository {
  readonly folder: string;

  constructor(
    cache: string,
    readonly name: HubName,
  ) {
    this.folder = join(cache, `${name.kind}s--${name.id.replaceAll('/', '--')}`);
  }

  /** Where the files of a commit are, by their names. */
  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  /** The content of a file, named by its checksum. */
  blob(etag: string): string {
    return join(this.folder, 'blobs', etag);
  }

  /** The commit that the revision named when it was last asked for. */
  async commit(): Promise<string | undefined> {
    if (isCommit(this.name.revision)) return this.name.revision;
    const text = await readFile(join(this.folder, 'refs', this.name.revision), 'utf8').catch(() => '');
    return isCommit(text.trim()) ? text.trim() : undefined;
  }

  /** Remembers which commit the revision names. */
  async remember(commit: string): Promise<void> {
    if (this.name.revision === commit) return;
    const path = join(this.folder, 'refs', this.name.revision);
    if ((await readFile(path, 'utf8').catch(() => '')) === commit) return;
    await writeFileAtomic(path, (temporary) => writeFile(temporary, commit));
  }

  /** The snapshot of the revision, if all files that a model needs are in it. */
  async complete(): Promise<string | undefined> {
    const commit = await this.commit();
    if (commit === undefined) return undefined;
    const snapshot = this.snapshot(commit);
    return (await hasModel(snapshot)) ? snapshot : undefined;
  }

  /** Puts a blob into a snapshot under a file's name: a relative link, or a copy where links are not allowed. */
  async place(etag: string, commit: string, file: string): Promise<void> {
    const path = join(this.snapshot(commit), ...file.split('/'));
    await makeFolder(dirname(path));
    await removeLeftovers(dirname(path));
    const temporary = leftoverName(path);
    await symlink(relative(dirname(path), this.blob(etag)), temporary).catch(() =>
      copyFile(this.blob(etag), temporary),
    );
    await rename(temporary, path);
  }

  /**
   * The file that a download fills, and what an interrupted one left. Its name says whose it is, so that two processes
   * never write into one file; a leftover is taken over once its process is gone. Leftovers of other files stay for a week,
   * as another run may go on with them.
   */
  async partial(etag: string): Promise<{ path: string; bytes: number }> {
    const path = `${this.blob(etag)}.${ownTag()}.incomplete`;
    await makeFolder(dirname(path));
    for (const left of await this.leftovers()) {
      const stats = await stat(left.path).catch(() => undefined);
      // Another process may take it over first: then it is gone, and this one starts anew.
      if (left.etag === etag && left.state === 'gone') await rename(left.path, path).catch(() => undefined);
      else if (stats !== undefined && Date.now() - stats.mtimeMs > keptMs) await rm(left.path, { force: true });
    }
    return { path, bytes: await sizeOf(path) };
  }

  /** The bytes that are here of a file, whole or in part. */
  async bytesOf(etag: string): Promise<number> {
    const parts = (await this.leftovers()).filter((left) => left.etag === etag && left.state === 'gone');
    return Math.max(...(await Promise.all([this.blob(etag), ...parts.map(({ path }) => path)].map(sizeOf))));
  }

  /** What other processes left of downloads; those of another machine, with which the cache is shared, may be at work. */
  private async leftovers(): Promise<readonly Leftover[]> {
    const folder = join(this.folder, 'blobs');
    const names = await readdir(folder).catch(() => []);
    return names.flatMap((name) => {
      const [, etag, tag] = incomplete.exec(name) ?? [];
      if (etag === undefined || tag === undefined) return [];
      const state = stateOf(tag);
      return state === 'running' ? [] : [{ path: join(folder, name), etag, state }];
    });
  }
}

interface Leftover {
  readonly path: string;
  readonly etag: string;
  readonly state: 'gone' | 'elsewhere';
}

const incomplete = new RegExp(`^([\\w-]+)\\.(${tagPattern})\\.incomplete$`);

/** How long what is left of a download may wait for a run that goes on with it. */
const keptMs = 7 * 24 * 60 * 60 * 1000;

/** A git commit's full name. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** The bytes of a file; 0 where there is none. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (file) => file.size,
    () => 0,
  );
}

/** True for a folder with a configuration and all its weights. */
async function hasModel(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  const isHere = async (name: string): Promise<boolean> => (await sizeOf(join(folder, name))) > 0;
  if (await isHere('adapter_config.json')) return isHere('adapter_model.safetensors');
  if (names.some((name) => name.endsWith('.gguf'))) return true;
  if (!(await isHere('config.json'))) return false;
  if (await isHere('model.safetensors')) return true;
  const index = await readFile(join(folder, 'model.safetensors.index.json'), 'utf8').catch(() => '{}');
  const map = weightMap(index);
  const shards = isObject(map) ? [...new Set(Object.values(map).map(String))] : [];
  const present = await Promise.all(shards.map(isHere));
  return present.length > 0 && present.every(Boolean);
}

/** An index that is damaged names no files: what needs them asks the hub. */
function weightMap(index: string): unknown {
  try {
    const value: unknown = JSON.parse(index);
    return isObject(value) ? value.weight_map : undefined;
  } catch {
    return undefined;
  }
}
