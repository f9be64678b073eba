import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, isThere } from '@dpo/base/files';
import { glob, isDynamicPattern } from 'tinyglobby';
import { noSuchSplit } from './_no-such-split.js';
import { readKindOf } from './file-kind.js';

/** Names of files beside the data that hold none. */
const METADATA_FILE = /(^|[_.-])(info|infos|state|config|index|dict|metadata|schema|readme|license)\.json$/i;

/** The largest depth of data files in a dataset's folder: `data/train/0.parquet`. */
const DEPTH = 3;

/** Words in names of files, and the splits that Python's `datasets` reads out of them. */
const splitWords: Readonly<Record<string, string>> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
  eval: 'test',
  evaluation: 'test',
};

/** True for a pattern of several paths (`data/*.parquet`). */
export function isPattern(path: string): boolean {
  return isDynamicPattern(path);
}

/** The files of one dataset, in their order. */
export interface Shards {
  readonly files: readonly string[];
}

/**
 * The files of a split in a dataset's folder: Parquet, Arrow, JSON or CSV files, in the folder itself or below, as dataset
 * repositories have them (`data/train-00000-of-00002.parquet`, `train.jsonl`, `test/0.jsonl`). Names say the split. The default
 * is the only split, or `train` among several. The result is undefined for a folder without such files.
 *
 * @throws DpoError `data.no-such-split` (lists the splits), `data.mixed-files` (files of several formats), and the errors of the
 * file system
 */
export async function shardsOf(folder: string, split: string | undefined): Promise<Shards | undefined> {
  const files = await dataFiles(folder, DEPTH);
  if (files.length === 0) return undefined;
  const bySplit = new Map<string, string[]>();
  for (const file of files) {
    const name = splitOfName(relative(folder, file)) ?? '';
    bySplit.set(name, [...(bySplit.get(name) ?? []), file]);
  }
  const chosen = chooseSplit(folder, [...bySplit.keys()].sort(), split);
  const splitFiles = bySplit.get(chosen) ?? [];
  checkOneFormat(folder, splitFiles);
  return { files: splitFiles.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })) };
}

/**
 * The files that a pattern such as `data/*.parquet` matches; undefined for a path that is no pattern.
 *
 * @throws DpoError `file.not-found` when no file matches, `data.mixed-files`
 */
export async function shardsByPattern(pattern: string): Promise<Shards | undefined> {
  if (!isDynamicPattern(pattern)) return undefined;
  const matches = await glob(pattern.replaceAll(sep, '/'), { onlyFiles: true, expandDirectories: false });
  const files = await withoutRepeats(matches.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })));
  if (files.length === 0)
    throw new DpoError('file.not-found', `${pattern} matches no file.`, {
      values: { path: pattern },
      hint: 'Check the path. In quotes, * stands for any name and ** for any folders.',
    });
  checkOneFormat(pattern, files);
  return { files };
}

/** The files without repeats: links to folders, such as a link that leads back up, give one file several paths. */
async function withoutRepeats(files: readonly string[]): Promise<string[]> {
  const byPlace = new Map<string, string>();
  for (const file of files) {
    // Links to files stay apart: equal shards of the hub's cache are links to one file.
    const place = join(await realpath(dirname(file)), basename(file));
    if (!byPlace.has(place)) byPlace.set(place, file);
  }
  return [...byPlace.values()];
}

/**
 * Takes a local path and the split after its colon (`folder:test`) apart. The colon is part of the path when a file of the whole
 * name exists, and when no file exists under the name before the colon.
 * @throws DpoError `options.invalid` when path and `split` name different splits
 */
export async function splitFromPath(
  path: string,
  split: string | undefined,
): Promise<{ readonly path: string; readonly split: string | undefined }> {
  const [, place, name] = /^(.+):([\w.-]+)$/.exec(path) ?? [];
  if (place === undefined || name === undefined || (await isThere(path)) || !(await isThere(place)))
    return { path, split };
  if (split !== undefined && split !== name)
    throw new DpoError(
      'options.invalid',
      `The path ${path} names the split "${name}", and the options name the split "${split}".`,
      {
        values: { path, split },
        hint: 'Name the split once.',
      },
    );
  return { path: place, split: name };
}

async function dataFiles(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw asFileError(error, folder);
  });
  const files: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || entry.name.startsWith('_')) continue;
    if (entry.isDirectory()) files.push(...(depth > 1 ? await dataFiles(path, depth - 1) : []));
    else if (readKindOf(entry.name) !== undefined && !METADATA_FILE.test(entry.name)) files.push(path);
  }
  return files;
}

/** The split in a file's path below the dataset's folder: in `NAME-00000-of-00002`, in a word of its name, or in a folder's. */
function splitOfName(path: string): string | undefined {
  const name = basename(path);
  const shardedName = /^(.+?)-\d{5}-of-\d{5}\b/.exec(name)?.[1];
  if (shardedName !== undefined) return splitWords[shardedName] ?? shardedName;
  const words = [name.replace(/(\.[a-z]+)+$/i, ''), ...dirname(path).split(sep)].flatMap((part) =>
    part.toLowerCase().split(/[^a-z]+/),
  );
  const word = words.find((candidate) => Object.hasOwn(splitWords, candidate));
  return word === undefined ? undefined : splitWords[word];
}

function chooseSplit(folder: string, splits: readonly string[], split: string | undefined): string {
  const usualName = split === undefined ? undefined : (splitWords[split] ?? split);
  const names = splits.filter((name) => name !== '');
  if (usualName !== undefined) {
    const match = splits.find((name) => name === split || name === usualName);
    if (match !== undefined) return match;
    // Files whose names say no split are the training data.
    if (usualName === 'train' && splits.includes('') && names.length === 0) return '';
  } else {
    if (splits.length === 1) return splits[0] ?? '';
    if (splits.includes('train')) return 'train';
  }
  throw noSuchSplit(folder, split ?? 'train', names);
}

function checkOneFormat(place: string, files: readonly string[]): void {
  const kinds = new Map(files.map((file) => [readKindOf(file), file]));
  if (kinds.size <= 1 && !kinds.has(undefined)) return;
  throw new DpoError(
    'data.mixed-files',
    `${place} has data files of several formats: ${[...kinds.values()].map((file) => basename(file)).join(', ')}.`,
    {
      values: { path: place, files: files.map((file) => basename(file)) },
      hint: 'Name one of them, or a pattern such as FOLDER/*.parquet.',
    },
  );
}
