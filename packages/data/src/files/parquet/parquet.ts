import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { checkDepth } from '../../rows/bounded-json.js';
import type { PlacedRecord } from '../records.js';
import { parquetGroups, type RowGroup } from './_groups.js';
import { type Apart, ask, giveBack, takeThread } from './_reading-thread.js';
import type { ParquetRequest } from './parquet-worker.js';

/** Sources that run uncompiled have no script for a thread. */
const ownScript = new URL('./parquet-worker.js', import.meta.url);
const own: Apart | undefined = existsSync(ownScript)
  ? { script: ownScript, limit: (bytes) => 30_000 + bytes / 1000, heap: 4096 }
  : undefined;

/**
 * The records of a Parquet file, row group by row group; of the file's columns only those wanted are read;
 * `onColumns` is told of all. A thread of its own reads them: damaged lengths can make the library count for hours or fill
 * all memory, which ends that thread alone.
 *
 * @throws DpoError `data.truncated-file`, `data.broken-file`, those of the file system
 */
export async function* readParquet(
  path: string,
  columns: ReadonlySet<string>,
  onColumns: (names: readonly string[]) => void = () => undefined,
  apart: Apart | undefined = own,
): AsyncGenerator<readonly PlacedRecord[]> {
  try {
    const groups = apart === undefined ? parquetGroups(path, columns) : groupsApart(path, columns, apart);
    for await (const group of groups) {
      onColumns(group.columns);
      // Columns may hold JSON, which comes parsed.
      for (const record of group.rows) checkDepth(record);
      yield group.rows.map((record) => ({ record }));
    }
  } catch (error) {
    throw asBrokenParquet(asFileError(error, path), path);
  }
}

async function* groupsApart(path: string, columns: ReadonlySet<string>, apart: Apart): AsyncGenerator<RowGroup> {
  const { size } = await stat(path);
  const thread = takeThread(apart);
  let asked = false;
  try {
    for (let request: ParquetRequest = { path, columns: [...columns] }; ; request = 'next') {
      asked = true;
      const reply = await ask(thread, request, apart.limit(size));
      asked = false;
      if ('error' in reply) throw reply.error;
      if ('code' in reply) throw new DpoError(reply.code, reply.message, reply.details);
      if (reply.group === undefined) return;
      yield reply.group;
    }
  } finally {
    // A thread that has not answered may never do so.
    if (asked) await thread.terminate();
    else giveBack(apart, thread);
  }
}

function asBrokenParquet(error: unknown, path: string): unknown {
  if (DpoError.is(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DpoError('data.broken-file', `${path} cannot be read as Parquet: ${reason}.`, {
    values: { path, reason },
    hint: 'The file is damaged or no Parquet file: write or download it again.',
    cause: error,
  });
}
