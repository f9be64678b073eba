import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { checkDepth } from '../../rows/bounded-json.js';
import type { PlacedRecord } from '../records.js';
import { parquetGroups, type RowGroup } from './_groups.js';
import type { ParquetReply } from './parquet-worker.js';

/** How a Parquet file is read apart from everything else. */
export interface Apart {
  /** The thread's script. */
  readonly script: URL;
  /** Milliseconds that a row group may take, for a file of so many bytes. */
  readonly limit: (bytes: number) => number;
  /** MiB that the thread's heap may take. */
  readonly heap: number;
}

/** Sources that run uncompiled have no script for a thread. */
const ownScript = new URL('./parquet-worker.js', import.meta.url);
const own: Apart | undefined = existsSync(ownScript)
  ? { script: ownScript, limit: (bytes) => 30_000 + bytes / 1000, heap: 4096 }
  : undefined;

/**
 * The records of a Parquet file, row group by row group; of the file's columns only those wanted are read;
 * `onColumns` is told of all. A thread of its
 * own reads them: damaged lengths can make the library count for hours or fill all memory, which ends that thread alone.
 *
 * Errors: `data.truncated-file`, `data.broken-file`, those of the file system.
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

async function* groupsApart(
  path: string,
  columns: ReadonlySet<string>,
  { script, limit, heap }: Apart,
): AsyncGenerator<RowGroup> {
  const { size } = await stat(path);
  const worker = new Worker(script, {
    workerData: { path, columns: [...columns] },
    resourceLimits: { maxOldGenerationSizeMb: heap },
  });
  try {
    for (;;) {
      const reply = await next(worker, limit(size));
      if ('error' in reply) throw reply.error;
      if ('code' in reply) throw new DpoError(reply.code, reply.message, reply.details);
      if (reply.group === undefined) return;
      yield reply.group;
    }
  } finally {
    await worker.terminate();
  }
}

/** Asks the thread for its next row group. */
function next(worker: Worker, milliseconds: number): Promise<ParquetReply> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer);
      worker.off('message', answered).off('error', died);
      act();
    };
    const answered = (reply: ParquetReply) => settle(() => resolve(reply));
    const died = (error: Error) => settle(() => reject(error));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`a row group could not be read within ${Math.ceil(milliseconds / 1000)} s`))),
      milliseconds,
    );
    worker.on('message', answered).on('error', died);
    worker.postMessage('next');
  });
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
