import { basename, extname } from 'node:path';
import { DpoError, nearest } from '@dpo/base';

/** How a dataset is written. */
export type FileKind = 'arrow' | 'jsonl' | 'jsonl.gz' | 'csv' | 'parquet' | 'folder';

/** How a dataset is read: compression is known by the content. */
export type ReadKind = Exclude<FileKind, 'jsonl.gz'>;

type Endings<Kind> = readonly (readonly [string, Kind])[];

const written: Endings<FileKind> = [
  ['.arrow', 'arrow'],
  ['.jsonl', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.jsonl.gz', 'jsonl.gz'],
  ['.ndjson.gz', 'jsonl.gz'],
  ['.csv', 'csv'],
  ['.parquet', 'parquet'],
];

/** Endings of text, after which one of a compression may come. */
const texts: Endings<ReadKind> = [
  ['.jsonl', 'jsonl'],
  ['.json', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.jsonlines', 'jsonl'],
  ['.csv', 'csv'],
  ['.tsv', 'csv'],
];
const compressions = ['', '.gz', '.zst'];
const read: Endings<ReadKind> = [
  ['.arrow', 'arrow'],
  ['.parquet', 'parquet'],
  ...texts.flatMap(([ending, kind]) => compressions.map((more) => [`${ending}${more}`, kind] as const)),
];

/** The kind that a path's ending names for writing; a name without an ending is a folder. `data.unknown-format` for others. */
export function fileKind(path: string): FileKind {
  return kindIn(
    written,
    path,
    'Written are .arrow, .jsonl, .jsonl.gz, .ndjson, .csv, and folders where the name has no ending.',
  );
}

/** The kind that a path's ending names for reading; undefined where no format has such an ending. */
export function readKindOf(path: string): ReadKind | undefined {
  return endingIn(read, path);
}

/** As {@link readKindOf}; `data.unknown-format` where no format has such an ending. */
export function readKind(path: string): ReadKind {
  return kindIn(
    read,
    path,
    'Read are .arrow, .parquet, .jsonl, .json, .ndjson, .csv, .tsv (text also with .gz or .zst after it), and folders.',
  );
}

function endingIn<Kind>(endings: Endings<Kind>, path: string): Kind | undefined {
  const name = basename(path).toLowerCase();
  return endings.find(([ending]) => name.endsWith(ending))?.[1];
}

function kindIn<Kind extends string>(endings: Endings<Kind | 'folder'>, path: string, all: string): Kind | 'folder' {
  const name = basename(path).toLowerCase();
  const found = endingIn(endings, path);
  if (found !== undefined) return found;
  if (path.endsWith('/') || extname(name) === '') return 'folder';
  const known = endings.map(([ending]) => ending);
  const ending = name.slice(name.indexOf('.', 1));
  const near = nearest(ending, known);
  throw new DpoError('data.unknown-format', `${path} has an ending that no format has: ${ending}.`, {
    values: { path, ending, known },
    hint: near === undefined ? all : `Did you mean ${near}? ${all}`,
  });
}
