import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { checkDepth } from '../../rows/bounded-json.js';
import type { PlacedRecord } from '../records.js';
import { parquetGroups, type RowGroup } from './_groups.js';
import { ask, giveBack, type ThreadOptions, takeThread } from './_reading-thread.js';
import type { ParquetRequest } from './parquet-worker.js';

/** The thread of compiled code. Uncompiled sources have no script for a thread. */
const ownScript = new URL('./parquet-worker.js', import.meta.url);
const ownThread: ThreadOptions | undefined = existsSync(ownScript)
  ? { script: ownScript, limit: (bytes) => 30_000 + bytes / 1000, heap: 4096 }
  : undefined;

/**
 * The records of a Parquet file, one row group after another, with the values of `columns`. `onColumns` is called with the names
 * of all columns of the file. A separate thread reads the file: damaged lengths can make the library count for hours or fill all
 * memory, and then only that thread ends.
 *
 * @throws DpoError `data.truncated-file`, `data.broken-file`, and the errors of the file system
 */
export async function* readParquet(
  path: string,
  columns: ReadonlySet<string>,
  onColumns: (names: readonly string[]) => void = () => undefined,
  threadOptions: ThreadOptions | undefined = ownThread,
): AsyncGenerator<readonly PlacedRecord[]> {
  try {
    const groups =
      threadOptions === undefined ? parquetGroups(path, columns) : groupsByThread(path, columns, threadOptions);
    for await (const group of groups) {
      onColumns(group.columns);
      // Columns may hold JSON, which the library has parsed.
      for (const record of group.rows) checkDepth(record);
      yield group.rows.map((record) => ({ record }));
    }
  } catch (error) {
    throw asBrokenParquet(asFileError(error, path), path);
  }
}

async function* groupsByThread(
  path: string,
  columns: ReadonlySet<string>,
  threadOptions: ThreadOptions,
): AsyncGenerator<RowGroup> {
  const { size } = await stat(path);
  const thread = takeThread(threadOptions);
  let isWaiting = false;
  try {
    for (let request: ParquetRequest = { path, columns: [...columns] }; ; request = 'next') {
      isWaiting = true;
      const reply = await ask(thread, request, threadOptions.limit(size));
      isWaiting = false;
      if ('error' in reply) throw reply.error;
      if ('code' in reply) throw new DpoError(reply.code, reply.message, reply.details);
      if (reply.group === undefined) return;
      yield reply.group;
    }
  } finally {
    // A thread that has not replied yet may never reply.
    if (isWaiting) await thread.terminate();
    else giveBack(threadOptions, thread);
  }
}

function asBrokenParquet(error: unknown, path: string): unknown {
  if (DpoError.is(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DpoError('data.broken-file', `${path} cannot be read as Parquet: ${reason}.`, {
    values: { path, reason },
    hint: 'The file is damaged, or no Parquet file: write or download it again.',
    cause: error,
  });
}
