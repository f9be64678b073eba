import { isThere } from '@dpo/base/files';
import {
  type Dataset,
  joinPreferences,
  type PreferenceDataset,
  type ReadOptions,
  readPreferences,
  splitFromPath,
} from '@dpo/data';
import { downloadDataset } from '@dpo/hub';
import type { RunContext } from '../context.js';
import { fetchOptions } from './fetch-options.js';
import { collectNotes, mergeNotes, tellNotes } from './read-notes.js';

/** `org/name`, with a revision after @ and a split after a colon; `datasets/` may come before. */
const hubDataset = /^((?:datasets\/)?[\w.-]+\/[\w.-]+(?:@[\w./-]+)?)(?::([\w.-]+))?$/;

/** What `--data NAME --split SPLIT` names: the same as NAME:SPLIT. */
export function withSplit(name: string, split: string | undefined): string {
  return split === undefined ? name : `${name}:${split}`;
}

/** Endings that a file would have: a name with one of them is a file that is missing, not a dataset of the hub. */
const fileEnding = /\.(arrow|parquet|jsonl|json|ndjson|jsonlines|csv|tsv|gz|zst)$/;

/**
 * Reads what `--data` names: a file or folder, or a dataset of the hub as `org/name[@revision][:split]`, whose Parquet files
 * of the split (`train` where none is named) are fetched into the cache that Python shares.
 */
export async function openData(
  name: string,
  context: RunContext,
  options: Pick<ReadOptions, 'onError' | 'onNotes'> = {},
): Promise<PreferenceDataset> {
  const read = (path: string, also: Pick<ReadOptions, 'onNotes' | 'signal'>) =>
    readPreferences(path, { ...also, ...options });
  return openRows(name, { read, join: joinPreferences }, context);
}

/** How rows of a kind are read from a file or folder, and several files of them joined. */
export interface RowReader<Row> {
  read(
    path: string,
    options: Pick<ReadOptions, 'onNotes' | 'onError' | 'signal' | 'fingerprint' | 'onRow'>,
  ): Promise<Dataset<Row>>;
  join(parts: readonly Dataset<Row>[], name: string): Dataset<Row>;
}

/** What {@link openData} does for pairs, for rows of any kind. */
export async function openRows<Row>(
  name: string,
  { read, join }: RowReader<Row>,
  context: RunContext,
  { onError, fingerprint, onRow }: Pick<ReadOptions, 'onError' | 'fingerprint' | 'onRow'> = {},
): Promise<Dataset<Row>> {
  const notes = collectNotes();
  const options = { onNotes: notes.onNotes, onError, fingerprint, onRow, signal: context.signal };
  // A folder or a pattern of several files says the same of each.
  const tell = () => tellNotes(mergeNotes(name, notes.all), context);
  const local = await splitFromPath(name, undefined);
  const [, repository, split = 'train'] = hubDataset.exec(name) ?? [];
  if ((await isThere(local.path)) || repository === undefined || fileEnding.test(name)) {
    const dataset = await read(name, options);
    tell();
    return dataset;
  }
  const { files } = await downloadDataset(repository, {
    split,
    ...fetchOptions(name, context),
  });
  const parts: Dataset<Row>[] = [];
  for (const { path } of files) parts.push(await read(path, options));
  tell();
  return join(parts, name);
}
