import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { DpoError } from '@dpo/base';
import { CachedRepository } from './cache.js';
import { listFiles } from './list-files.js';
import { type HubName, needHubName } from './name.js';
import { type HubOptions, type HubSettings, hubSettings } from './settings.js';
import { type DownloadProgress, fetchFiles } from './snapshot.js';

/** A Parquet file of a dataset on the hub, with the configuration and split in its name. */
export interface DatasetFile {
  /** The file's name in the repository. */
  readonly name: string;
  /** The dataset's configuration (subset); `default` when the name has none. */
  readonly config: string;
  /** `train`, `test`, …; undefined when the name has none. */
  readonly split: string | undefined;
}

/** A Parquet file in the cache. */
export interface DownloadedFile extends DatasetFile {
  readonly path: string;
}

/** The options of {@link downloadDataset}. */
export interface DatasetOptions extends HubOptions {
  /** Only files of this configuration. Required for a dataset with several configurations. */
  readonly config?: string | undefined;
  /** Only files of this split. Default all. */
  readonly split?: string | undefined;
  /** Called with the bytes so far of all files. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

/** The files of a dataset in the cache. */
export interface DownloadedDataset {
  /** `org/name` */
  readonly id: string;
  /** The revision of the files: the requested revision, or the hub's own conversion to Parquet. */
  readonly revision: string;
  /** The git commit of the revision. */
  readonly commit: string;
  /** The files in the order of their names, which is the order of their rows. */
  readonly files: readonly DownloadedFile[];
}

/** The revision with the hub's own conversions of datasets in other formats. */
const convertedRevision = 'refs/convert/parquet';

/** `org/name[@revision]` of a dataset that is written `datasets/org/name[@revision]`; undefined for any other text. */
export function parseDatasetName(text: string): HubName | undefined {
  return text.startsWith('datasets/') ? parse(text) : undefined;
}

function parse(text: string): HubName {
  return needHubName(text.replace(/^datasets\//, ''), 'dataset');
}

/**
 * The Parquet files of a dataset on the hub. For the revision `main` without Parquet files the list has the files of the hub's own
 * conversion.
 *
 * @param name `datasets/org/name[@revision]` or `org/name[@revision]`
 * @throws DpoError `hub.no-parquet`, and the errors of `downloadModel` except `hub.no-weights`
 */
export async function listDataset(name: string, options: HubOptions = {}): Promise<readonly DatasetFile[]> {
  const settings = await hubSettings(options);
  return (await findListing(settings, parse(name))).files;
}

/**
 * Downloads the Parquet files of a dataset into the cache that Python uses too (`$HF_HOME/hub/datasets--org--name`). Files in the
 * cache are not downloaded again. Without network the result is the files in the cache.
 *
 * @param name as in {@link listDataset}
 * @throws DpoError `hub.no-split`, `hub.several-configs`, and the errors of {@link listDataset} and of downloads
 */
export async function downloadDataset(name: string, options: DatasetOptions = {}): Promise<DownloadedDataset> {
  const settings = await hubSettings(options);
  const listing = await findListing(settings, parse(name)).catch(async (error: unknown) => {
    const local = DpoError.is(error, 'hub.unreachable') ? await listingOfCache(settings, parse(name)) : undefined;
    if (local === undefined) throw error;
    return local;
  });
  const { name: source, commit, isLocal } = listing;
  const chosen = choose(listing, options);
  const repository = new CachedRepository(settings.cache, source);
  if (!isLocal) {
    const names = chosen.map((file) => file.name);
    await fetchFiles(settings, repository, commit, names, options.onProgress);
    await repository.remember(commit);
  }
  const folder = repository.snapshot(commit);
  const files = chosen.map((file) => ({ ...file, path: join(folder, ...file.name.split('/')) }));
  return { id: source.id, revision: source.revision, commit, files };
}

interface DatasetListing {
  readonly name: HubName;
  readonly commit: string;
  readonly files: readonly DatasetFile[];
  /** True for a list of the files in the cache. */
  readonly isLocal: boolean;
}

async function findListing(settings: HubSettings, name: HubName): Promise<DatasetListing> {
  if (settings.offline) {
    const local = await listingOfCache(settings, name);
    if (local !== undefined) return local;
    throw new DpoError('hub.offline', `${name.id} is not in the cache, and downloading is switched off.`, {
      values: { name: name.id, revision: name.revision },
      hint: 'Unset HF_HUB_OFFLINE, or name a local file.',
    });
  }
  const { commit, names } = await listFiles(settings, name);
  const own = parquetFiles(names);
  if (own.length > 0) return { name, commit, files: own, isLocal: false };
  const other = { ...name, revision: convertedRevision };
  const listing = await (name.revision === 'main' ? listFiles(settings, other) : undefined)?.catch((error: unknown) => {
    if (DpoError.is(error, 'hub.not-found')) return undefined;
    throw error;
  });
  const files = parquetFiles(listing?.names ?? []);
  if (listing !== undefined && files.length > 0) return { name: other, commit: listing.commit, files, isLocal: false };
  throw new DpoError('hub.no-parquet', `The dataset ${name.id} has no Parquet files at revision ${name.revision}.`, {
    values: { name: name.id, revision: name.revision, files: names.slice(0, 50) },
    hint: 'Download its files yourself and pass their paths, or convert it in Python: load_dataset(NAME).to_parquet(FILE).',
  });
}

/** The listing of a dataset's files in the cache; undefined when the cache has none. */
async function listingOfCache(settings: HubSettings, name: HubName): Promise<DatasetListing | undefined> {
  for (const revision of name.revision === 'main' ? ['main', convertedRevision] : [name.revision]) {
    const source = { ...name, revision };
    const repository = new CachedRepository(settings.cache, source);
    const commit = await repository.commit();
    if (commit === undefined) continue;
    const folder = repository.snapshot(commit);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const names = entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
    const files = parquetFiles(names);
    if (files.length > 0) return { name: source, commit, files, isLocal: true };
  }
  return undefined;
}

function parquetFiles(names: readonly string[]): DatasetFile[] {
  return names
    .filter((name) => name.endsWith('.parquet'))
    .sort()
    .map((name) => ({ name, ...meaningOf(name) }));
}

/**
 * The configuration and the split in the name of a file. Python's `datasets` and the hub write such names:
 * `data/train-00000-of-00002.parquet`, `CONFIG/train-00000-of-00002.parquet`, `CONFIG/train/0000.parquet`, `train.parquet`.
 */
function meaningOf(name: string): Pick<DatasetFile, 'config' | 'split'> {
  const parts = name.replace(/\.parquet$/, '').split('/');
  const last = parts.at(-1) as string;
  const shardedSplit = /^(.+?)-\d{4,}-of-\d{4,}(-[\w-]+)?$/.exec(last)?.[1];
  if (shardedSplit !== undefined) return { config: configOf(parts.slice(0, -1)), split: shardedSplit };
  if (/^\d{4,}$/.test(last) && parts.length > 1)
    return { config: configOf(parts.slice(0, -2)), split: (parts.at(-2) as string).replace(/^partial-/, '') };
  const split = /^(train|test|validation|valid|val|dev|eval)([-_.].*)?$/.exec(last)?.[1];
  return { config: configOf(parts.slice(0, -1)), split };
}

function configOf(folders: readonly string[]): string {
  const own = folders.filter((folder) => folder !== 'data');
  return own.length === 0 ? 'default' : own.join('/');
}

function choose({ name, files }: DatasetListing, { config, split }: DatasetOptions): readonly DatasetFile[] {
  const configs = [...new Set(files.map((file) => file.config))];
  if (config === undefined && configs.length > 1)
    throw new DpoError(
      'hub.several-configs',
      `The dataset ${name.id} has several configurations: ${configs.join(', ')}.`,
      {
        values: { name: name.id, configs },
        hint: 'Name one of them.',
      },
    );
  const ofConfig = files.filter((file) => config === undefined || file.config === config);
  const chosen = ofConfig.filter((file) => split === undefined || file.split === split);
  if (chosen.length > 0) return chosen;
  const choices = ofConfig.length > 0 ? [...new Set(ofConfig.map((file) => file.split ?? '?'))] : configs;
  const what = ofConfig.length > 0 ? `split "${split}"` : `configuration "${config}"`;
  throw new DpoError('hub.no-split', `The dataset ${name.id} has no ${what}; there are ${choices.join(', ')}.`, {
    values: { name: name.id, config: config ?? null, split: split ?? null, known: choices },
  });
}
