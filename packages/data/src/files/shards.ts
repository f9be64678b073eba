import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, isThere } from '@dpo/base/files';
import { glob, isDynamicPattern } from 'tinyglobby';
import { noSuchSplit } from './_no-such-split.js';
import { readKindOf } from './file-kind.js';

/** Files that stand beside data and hold none. */
const besides = /(^|[_.-])(info|infos|state|config|index|dict|metadata|schema|readme|license)\.json$/i;

/** How deep data files lie below a dataset's folder: `data/train/0.parquet`. */
const DEPTH = 3;

/** Words for splits, as Python's `datasets` reads them out of names. */
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

/** Whether a path is a pattern of several (`data/*.parquet`). */
export function isPattern(path: string): boolean {
  return isDynamicPattern(path);
}

/** Several files that are one dataset. */
export interface Shards {
  readonly files: readonly string[];
}

/**
 * The files of a dataset's folder that are no `save_to_disk`: Parquet, Arrow, JSON or CSV files, in the folder itself or below
 * it, as dataset repositories have them (`data/train-00000-of-00002.parquet`, `train.jsonl`, `test/0.jsonl`). Names say the
 * split. Without `split` the only one is taken, else `train`. Undefined for a folder without such files.
 *
 * @throws DpoError `data.no-such-split` (lists the splits), `data.mixed-files` (files of several formats), those of the file system
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
  const found = bySplit.get(chosen) ?? [];
  checkOneFormat(folder, found);
  return { files: found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })) };
}

/**
 * The files that a pattern such as `data/*.parquet` names; undefined where the path is no pattern.
 *
 * @throws DpoError `file.not-found` when nothing is found, `data.mixed-files`
 */
export async function shardsByPattern(pattern: string): Promise<Shards | undefined> {
  if (!isDynamicPattern(pattern)) return undefined;
  const found = await glob(pattern.replaceAll(sep, '/'), { onlyFiles: true, expandDirectories: false });
  const files = await onceEach(found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })));
  if (files.length === 0)
    throw new DpoError('file.not-found', `${pattern} matches no file.`, {
      values: { path: pattern },
      hint: 'Check the path. In quotes, * stands for any name and ** for any folders.',
    });
  checkOneFormat(pattern, files);
  return { files };
}

/** The files without those that a link to a folder, such as one that leads back up, has found before under another path. */
async function onceEach(files: readonly string[]): Promise<string[]> {
  const found = new Map<string, string>();
  for (const file of files) {
    // Links to files stay apart: equal shards of the hub's cache are links to one file.
    const place = join(await realpath(dirname(file)), basename(file));
    if (!found.has(place)) found.set(place, file);
  }
  return [...found.values()];
}

/**
 * A local path that may have a split after a colon (`folder:test`). The colon is part of the path where a file of that name
 * exists, and where nothing stands at what comes before the colon.
 */
export async function splitFromPath(
  path: string,
  split: string | undefined,
): Promise<{ readonly path: string; readonly split: string | undefined }> {
  const [, place, named] = /^(.+):([\w.-]+)$/.exec(path) ?? [];
  if (place === undefined || named === undefined || (await isThere(path)) || !(await isThere(place)))
    return { path, split };
  if (split !== undefined && split !== named)
    throw new DpoError(
      'options.invalid',
      `${path} names the split "${named}", and the split "${split}" is asked for.`,
      {
        values: { path, split },
        hint: 'Give one of them.',
      },
    );
  return { path: place, split: named };
}

async function dataFiles(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw asFileError(error, folder);
  });
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || entry.name.startsWith('_')) continue;
    if (entry.isDirectory()) found.push(...(depth > 1 ? await dataFiles(path, depth - 1) : []));
    else if (readKindOf(entry.name) !== undefined && !besides.test(entry.name)) found.push(path);
  }
  return found;
}

/** The split that a file's path below the dataset's folder says: `NAME-00000-of-00002`, a word of its name, its folder. */
function splitOfName(path: string): string | undefined {
  const name = basename(path);
  const sharded = /^(.+?)-\d{5}-of-\d{5}\b/.exec(name)?.[1];
  if (sharded !== undefined) return splitWords[sharded] ?? sharded;
  const words = [name.replace(/(\.[a-z]+)+$/i, ''), ...dirname(path).split(sep)].flatMap((part) =>
    part.toLowerCase().split(/[^a-z]+/),
  );
  const word = words.find((candidate) => Object.hasOwn(splitWords, candidate));
  return word === undefined ? undefined : splitWords[word];
}

function chooseSplit(folder: string, splits: readonly string[], split: string | undefined): string {
  const wanted = split === undefined ? undefined : (splitWords[split] ?? split);
  const named = splits.filter((name) => name !== '');
  if (wanted !== undefined) {
    const found = splits.find((name) => name === split || name === wanted);
    if (found !== undefined) return found;
    // Files whose names say no split are the training data.
    if (wanted === 'train' && splits.includes('') && named.length === 0) return '';
  } else {
    if (splits.length === 1) return splits[0] ?? '';
    if (splits.includes('train')) return 'train';
  }
  throw noSuchSplit(folder, split ?? 'train', named);
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
