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

  /** The folder with the files of a commit, by their names. */
  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  /** The path of a file's content, named by its checksum. */
  blob(etag: string): string {
    return join(this.folder, 'blobs', etag);
  }

  /** The commit of the revision at the last request to the hub; undefined without an earlier request. */
  async commit(): Promise<string | undefined> {
    if (isCommit(this.name.revision)) return this.name.revision;
    const text = await readFile(join(this.folder, 'refs', this.name.revision), 'utf8').catch(() => '');
    return isCommit(text.trim()) ? text.trim() : undefined;
  }

  /** Stores the commit of the revision. */
  async remember(commit: string): Promise<void> {
    if (this.name.revision === commit) return;
    const path = join(this.folder, 'refs', this.name.revision);
    if ((await readFile(path, 'utf8').catch(() => '')) === commit) return;
    await writeFileAtomic(path, (temporary) => writeFile(temporary, commit));
  }

  /** The snapshot of the revision when it has all files of a model; otherwise undefined. */
  async complete(): Promise<string | undefined> {
    const commit = await this.commit();
    if (commit === undefined) return undefined;
    const snapshot = this.snapshot(commit);
    return (await hasModel(snapshot)) ? snapshot : undefined;
  }

  /** Puts a blob into a snapshot under a file's name: as a relative link, or as a copy when links are not allowed. */
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
   * The unfinished file of a download, and the number of its bytes so far. Its name has the tag of the process, so that two
   * processes never write into one file. The leftover of a process that has ended is taken over. Leftovers of other files stay for
   * a week, since another run may continue them.
   */
  async partial(etag: string): Promise<{ path: string; bytes: number }> {
    const path = `${this.blob(etag)}.${ownTag()}.incomplete`;
    await makeFolder(dirname(path));
    for (const leftover of await this.leftovers()) {
      const stats = await stat(leftover.path).catch(() => undefined);
      // Another process may take the leftover over first. This process then starts anew.
      if (leftover.etag === etag && leftover.state === 'gone') await rename(leftover.path, path).catch(() => undefined);
      else if (stats !== undefined && Date.now() - stats.mtimeMs > maxAgeMs) await rm(leftover.path, { force: true });
    }
    return { path, bytes: await sizeOf(path) };
  }

  /** The number of bytes of a file in the cache, whole or in part. */
  async bytesOf(etag: string): Promise<number> {
    const parts = (await this.leftovers()).filter((leftover) => leftover.etag === etag && leftover.state === 'gone');
    return Math.max(...(await Promise.all([this.blob(etag), ...parts.map(({ path }) => path)].map(sizeOf))));
  }

  /** Unfinished files of other processes. A process of another machine, which shares the cache, may still be at work. */
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

/** The longest time that an unfinished file waits for a run that continues it. */
const maxAgeMs = 7 * 24 * 60 * 60 * 1000;

/** True for the full name of a git commit. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** The bytes of a file; 0 for a missing file. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (file) => file.size,
    () => 0,
  );
}

/** True for a folder with a configuration and all its weights. */
async function hasModel(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  const hasContent = async (name: string): Promise<boolean> => (await sizeOf(join(folder, name))) > 0;
  if (await hasContent('adapter_config.json')) return hasContent('adapter_model.safetensors');
  if (names.some((name) => name.endsWith('.gguf'))) return true;
  if (!(await hasContent('config.json'))) return false;
  if (await hasContent('model.safetensors')) return true;
  const index = await readFile(join(folder, 'model.safetensors.index.json'), 'utf8').catch(() => '{}');
  const map = weightMap(index);
  const shards = isObject(map) ? [...new Set(Object.values(map).map(String))] : [];
  const present = await Promise.all(shards.map(hasContent));
  return present.length > 0 && present.every(Boolean);
}

/** The map of an index's tensors; undefined for a damaged index, so that the files are downloaded again. */
function weightMap(index: string): unknown {
  try {
    const value: unknown = JSON.parse(index);
    return isObject(value) ? value.weight_map : undefined;
  } catch {
    return undefined;
  }
}
