import { DpoError, nearest } from '@dpo/base';
import { checkDisguise } from './disguise.js';
import { compressionOf } from './text/unpack.js';

/** A format of datasets in files. */
export type FileKind = 'arrow' | 'jsonl' | 'jsonl.gz' | 'csv' | 'parquet' | 'folder';

/** A format for reading: the content says whether text is compressed. */
export type ReadKind = Exclude<FileKind, 'jsonl.gz'>;

type Endings<Kind> = readonly (readonly [string, Kind])[];

const writableEndings: Endings<FileKind> = [
  ['.arrow', 'arrow'],
  ['.jsonl', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.jsonl.gz', 'jsonl.gz'],
  ['.ndjson.gz', 'jsonl.gz'],
  ['.csv', 'csv'],
  ['.parquet', 'parquet'],
];

/** Endings of text, which the ending of a compression may follow. */
const textEndings: Endings<ReadKind> = [
  ['.jsonl', 'jsonl'],
  ['.json', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.jsonlines', 'jsonl'],
  ['.csv', 'csv'],
  ['.tsv', 'csv'],
];
const compressions = ['', '.gz', '.zst'];
const readableEndings: Endings<ReadKind> = [
  ['.arrow', 'arrow'],
  ['.parquet', 'parquet'],
  ...textEndings.flatMap(([ending, kind]) => compressions.map((more) => [`${ending}${more}`, kind] as const)),
];

/**
 * The format to read: what a file's first bytes or its ending say.
 *
 * @param start the first `DISGUISE_BYTES` bytes
 * @throws DpoError `data.unknown-format`, and the errors of `checkDisguise`
 */
export function readKindByStart(start: Uint8Array, path: string): ReadKind {
  const text = String.fromCharCode(...start.subarray(0, 6));
  if (text.startsWith('PAR1')) return 'parquet';
  if (text === 'ARROW1') return 'arrow';
  // Compressed text is checked when it is unpacked.
  if (compressionOf(start) === undefined) checkDisguise(start, path);
  return readKind(path);
}

/** The format to write, by the path's ending; a folder for a name without an ending. @throws DpoError `data.unknown-format` */
export function fileKind(path: string): FileKind {
  return kindIn(
    writableEndings,
    path,
    'Endings for writing: .arrow, .jsonl, .jsonl.gz, .ndjson, .csv; a name without an ending becomes a folder.',
  );
}

/** The format to read, by the path's ending; undefined when no format has the ending. */
export function readKindOf(path: string): ReadKind | undefined {
  return endingIn(readableEndings, path);
}

/** The format to read, by the path's ending; a folder for a name without an ending. @throws DpoError `data.unknown-format` */
function readKind(path: string): ReadKind {
  return kindIn(
    readableEndings,
    path,
    'Endings for reading: .arrow, .parquet, .jsonl, .json, .ndjson, .csv, .tsv (text also with .gz or .zst behind); and folders.',
  );
}

function endingIn<Kind>(endings: Endings<Kind>, path: string): Kind | undefined {
  const name = baseName(path).toLowerCase();
  return endings.find(([ending]) => name.endsWith(ending))?.[1];
}

function kindIn<Kind extends string>(endings: Endings<Kind | 'folder'>, path: string, all: string): Kind | 'folder' {
  const name = baseName(path).toLowerCase();
  const kind = endingIn(endings, path);
  if (kind !== undefined) return kind;
  if (path.endsWith('/') || !/[^.]\./.test(name)) return 'folder';
  const formatEndings = endings.map(([ending]) => ending);
  const ending = name.slice(name.indexOf('.', 1));
  const near = nearest(ending, formatEndings);
  throw new DpoError('data.unknown-format', `${path} has the ending ${ending}, which no format has.`, {
    values: { path, ending, known: formatEndings },
    hint: near === undefined ? all : `Did you mean ${near}? ${all}`,
  });
}

/** The last part of a path. */
function baseName(path: string): string {
  return path
    .replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .at(-1) as string;
}
