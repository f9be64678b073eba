import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { DpoError } from '@dpo/base';
import { CachedRepository } from './cache.js';
import { listFiles } from './list-files.js';
import { type HubName, needHubName } from './name.js';
import { type HubOptions, type HubSettings, hubSettings } from './settings.js';
import { type DownloadProgress, fetchFiles } from './snapshot.js';

/** A Parquet file of a dataset on the hub, and what its name says of its rows. */
export interface DatasetFile {
  /** Its name in the repository. */
  readonly name: string;
  /** The dataset's configuration (subset) that it belongs to; `default` where the repository has but one. */
  readonly config: string;
  /** `train`, `test`, …; undefined where the name does not say. */
  readonly split: string | undefined;
}

/** A Parquet file in the cache. */
export interface DownloadedFile extends DatasetFile {
  readonly path: string;
}

export interface DatasetOptions extends HubOptions {
  /** Only files of this configuration. Needed where there are several. */
  readonly config?: string | undefined;
  /** Only files of this split. Default all. */
  readonly split?: string | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

export interface DownloadedDataset {
  /** `org/name` */
  readonly id: string;
  /** The revision in which the files are: the one asked for, or the hub's own conversion to Parquet. */
  readonly revision: string;
  readonly commit: string;
  /** In the order of their names, which is that of their rows. */
  readonly files: readonly DownloadedFile[];
}

/** Where the hub keeps Parquet files that it has made of datasets in other formats. */
const converted = 'refs/convert/parquet';

/** `org/name[@revision]` of a dataset that is written `datasets/org/name[@revision]`; undefined for any other text. */
export function parseDatasetName(text: string): HubName | undefined {
  return text.startsWith('datasets/') ? parse(text) : undefined;
}

function parse(text: string): HubName {
  return needHubName(text.replace(/^datasets\//, ''), 'dataset');
}

/**
 * The Parquet files of a dataset on the hub: those of the revision, or, where `main` is asked for and has none, those
 * that the hub has made of it.
 *
 * @param name `datasets/org/name[@revision]` or `org/name[@revision]`
 * @throws DpoError `hub.no-parquet`, and what `downloadModel` throws but `hub.no-weights`
 */
export async function listDataset(name: string, options: HubOptions = {}): Promise<readonly DatasetFile[]> {
  const settings = await hubSettings(options);
  return (await find(settings, parse(name))).files;
}

/**
 * Downloads the Parquet files of a dataset into the cache that it shares with Python
 * (`$HF_HOME/hub/datasets--org--name`), and only what is not there yet. Without network, what is cached serves.
 *
 * @param name as in {@link listDataset}
 * @throws DpoError `hub.no-split` and `hub.several-configs` for what cannot be chosen, and what {@link listDataset} and
 * downloading throw
 */
export async function downloadDataset(name: string, options: DatasetOptions = {}): Promise<DownloadedDataset> {
  const settings = await hubSettings(options);
  const found = await find(settings, parse(name)).catch(async (error: unknown) => {
    const cached = DpoError.is(error, 'hub.unreachable') ? await inCache(settings, parse(name)) : undefined;
    if (cached === undefined) throw error;
    return cached;
  });
  const { name: source, commit, cached } = found;
  const chosen = choose(found, options);
  const repository = new CachedRepository(settings.cache, source);
  if (!cached) {
    const names = chosen.map((file) => file.name);
    await fetchFiles(settings, repository, commit, names, options.onProgress);
    await repository.remember(commit);
  }
  const folder = repository.snapshot(commit);
  const files = chosen.map((file) => ({ ...file, path: join(folder, ...file.name.split('/')) }));
  return { id: source.id, revision: source.revision, commit, files };
}

interface Found {
  readonly name: HubName;
  readonly commit: string;
  readonly files: readonly DatasetFile[];
  /** The list is of what is in the cache. */
  readonly cached: boolean;
}

async function find(settings: HubSettings, name: HubName): Promise<Found> {
  if (settings.offline) {
    const cached = await inCache(settings, name);
    if (cached !== undefined) return cached;
    throw new DpoError('hub.offline', `${name.id} is not in the cache, and downloading is switched off.`, {
      values: { name: name.id, revision: name.revision },
      hint: 'Unset HF_HUB_OFFLINE, or give a file.',
    });
  }
  const { commit, names } = await listFiles(settings, name);
  const own = parquetFiles(names);
  if (own.length > 0) return { name, commit, files: own, cached: false };
  const other = { ...name, revision: converted };
  const listing = await (name.revision === 'main' ? listFiles(settings, other) : undefined)?.catch((error: unknown) => {
    if (DpoError.is(error, 'hub.not-found')) return undefined;
    throw error;
  });
  const files = parquetFiles(listing?.names ?? []);
  if (listing !== undefined && files.length > 0) return { name: other, commit: listing.commit, files, cached: false };
  throw new DpoError('hub.no-parquet', `The dataset ${name.id} has no Parquet files at revision ${name.revision}.`, {
    values: { name: name.id, revision: name.revision, files: names.slice(0, 50) },
    hint: 'Download its files yourself and give their paths, or convert it in Python: load_dataset(NAME).to_parquet(FILE).',
  });
}

/** What the cache has of a dataset. */
async function inCache(settings: HubSettings, name: HubName): Promise<Found | undefined> {
  for (const revision of name.revision === 'main' ? ['main', converted] : [name.revision]) {
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
    if (files.length > 0) return { name: source, commit, files, cached: true };
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
 * What the name of a file says, as Python's `datasets` and the hub write them: `data/train-00000-of-00002.parquet`,
 * `CONFIG/train-00000-of-00002.parquet`, `CONFIG/train/0000.parquet`, `train.parquet`.
 */
function meaningOf(name: string): Pick<DatasetFile, 'config' | 'split'> {
  const parts = name.replace(/\.parquet$/, '').split('/');
  const last = parts.at(-1) as string;
  const sharded = /^(.+?)-\d{4,}-of-\d{4,}(-[\w-]+)?$/.exec(last)?.[1];
  if (sharded !== undefined) return { config: configOf(parts.slice(0, -1)), split: sharded };
  if (/^\d{4,}$/.test(last) && parts.length > 1)
    return { config: configOf(parts.slice(0, -2)), split: (parts.at(-2) as string).replace(/^partial-/, '') };
  const named = /^(train|test|validation|valid|val|dev|eval)([-_.].*)?$/.exec(last)?.[1];
  return { config: configOf(parts.slice(0, -1)), split: named };
}

function configOf(folders: readonly string[]): string {
  const own = folders.filter((folder) => folder !== 'data');
  return own.length === 0 ? 'default' : own.join('/');
}

function choose({ name, files }: Found, { config, split }: DatasetOptions): readonly DatasetFile[] {
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
  const known = ofConfig.length > 0 ? [...new Set(ofConfig.map((file) => file.split ?? '?'))] : configs;
  const what = ofConfig.length > 0 ? `split "${split}"` : `configuration "${config}"`;
  throw new DpoError('hub.no-split', `The dataset ${name.id} has no ${what}; there are ${known.join(', ')}.`, {
    values: { name: name.id, config: config ?? null, split: split ?? null, known },
  });
}
