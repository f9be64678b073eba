import { stat } from 'node:fs/promises';
import { joinPreferences, type PreferenceDataset, readPreferences } from '@dpo/data';
import { downloadDataset } from '@dpo/models';
import type { Context } from '../command/define.js';
import { megabytes } from '../ui/format.js';

/** `org/name`, with a revision after @ and a split after a colon; `datasets/` may come before. */
const hubDataset = /^((?:datasets\/)?[\w.-]+\/[\w.-]+(?:@[\w./-]+)?)(?::([\w.-]+))?$/;

/** Endings that a file would have: a name with one of them is a file that is missing, not a dataset of the hub. */
const fileEnding = /\.(arrow|jsonl|jsonl\.gz|json|csv|parquet|gz)$/;

/**
 * Reads what `--data` names: a file or folder, or a dataset of the hub as `org/name[@revision][:split]`, whose Parquet files
 * of the split (`train` where none is named) are fetched into the cache that Python shares.
 */
export async function openData(name: string, context: Context): Promise<PreferenceDataset> {
  const there = await stat(name).catch(() => undefined);
  const [, repository, split = 'train'] = hubDataset.exec(name) ?? [];
  if (there !== undefined || repository === undefined || fileEnding.test(name)) return readPreferences(name);
  const { files } = await downloadDataset(repository, {
    split,
    onProgress: ({ file, received, total }) =>
      context.progress(`Fetching ${name}: ${file} ${megabytes(received)}${total ? ` of ${megabytes(total)}` : ''}`),
  });
  const parts: PreferenceDataset[] = [];
  for (const { path } of files) parts.push(await readPreferences(path));
  return joinPreferences(parts, name);
}
