import { isThere } from '@dpo/base/files';
import {
  type Dataset,
  joinPreferences,
  type PreferenceDataset,
  type PreferencePair,
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

/** The name that `--data NAME --split SPLIT` stands for: NAME:SPLIT. */
export function withSplit(name: string, split: string | undefined): string {
  return split === undefined ? name : `${name}:${split}`;
}

/** Endings of files: a name with such an ending is a missing file rather than a dataset of the hub. */
const fileEnding = /\.(arrow|parquet|jsonl|json|ndjson|jsonlines|csv|tsv|gz|zst)$/;

/**
 * Reads the pairs that `--data` names: a file or folder, or a dataset of the hub as `org/name[@revision][:split]`. Of a dataset
 * of the hub the Parquet files of the split (default `train`) are fetched into the cache that Python shares.
 *
 * @throws DpoError `file.not-found`, `hub.…`, `data.…`
 */
export async function openData(
  name: string,
  context: RunContext,
  options: Pick<ReadOptions, 'onError' | 'onNotes'> = {},
): Promise<PreferenceDataset> {
  const reader: RowReader<PreferencePair> = {
    read: (path, readerOptions) => readPreferences(path, { ...readerOptions, ...options }),
    join: joinPreferences,
  };
  return openRows(name, reader, context);
}

/** Reads rows of one kind from a file or folder, and joins the rows of several files. */
export interface RowReader<Row> {
  read(
    path: string,
    options: Pick<ReadOptions, 'onNotes' | 'onError' | 'signal' | 'fingerprint' | 'onRow'>,
  ): Promise<Dataset<Row>>;
  join(parts: readonly Dataset<Row>[], name: string): Dataset<Row>;
}

/**
 * Does for rows of any kind what {@link openData} does for pairs.
 *
 * @throws DpoError `file.not-found`, `hub.…`, `data.…`
 */
export async function openRows<Row>(
  name: string,
  { read, join }: RowReader<Row>,
  context: RunContext,
  { onError, fingerprint, onRow }: Pick<ReadOptions, 'onError' | 'fingerprint' | 'onRow'> = {},
): Promise<Dataset<Row>> {
  const notes = collectNotes();
  const options = { onNotes: notes.onNotes, onError, fingerprint, onRow, signal: context.signal };
  // The files of a folder or a pattern often have the same notes.
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
