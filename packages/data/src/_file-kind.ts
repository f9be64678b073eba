import { basename, extname } from 'node:path';
import { DpoError, nearest } from '@dpo/base';

/** How a dataset is stored. */
export type FileKind = 'arrow' | 'jsonl' | 'jsonl.gz' | 'csv' | 'parquet' | 'folder';

const ENDINGS: readonly (readonly [string, FileKind])[] = [
  ['.arrow', 'arrow'],
  ['.jsonl', 'jsonl'],
  ['.jsonl.gz', 'jsonl.gz'],
  ['.csv', 'csv'],
  ['.parquet', 'parquet'],
];

/** The kind that a path's ending names; a name without an ending is a folder. `data.unknown-format` for others. */
export function fileKind(path: string): FileKind {
  const name = basename(path).toLowerCase();
  const found = ENDINGS.find(([ending]) => name.endsWith(ending));
  if (found !== undefined) return found[1];
  if (path.endsWith('/') || extname(name) === '') return 'folder';
  const endings = ENDINGS.map(([ending]) => ending);
  const ending = name.slice(name.indexOf('.', 1));
  const near = nearest(ending, endings);
  throw new DpoError('data.unknown-format', `${path} has an ending that no format has: ${ending}.`, {
    values: { path, ending, known: endings },
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}Known are ${endings.join(', ')} and folders of Python's datasets.`,
  });
}
