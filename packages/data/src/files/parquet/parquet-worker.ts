import { parentPort } from 'node:worker_threads';
import { DpoError } from '@dpo/base';
import { parquetGroups, type RowGroup } from './_groups.js';

/** A request to a thread: the first row group of a file, the next row group, or closing the file, which has no reply. */
export type ParquetRequest = { readonly path: string; readonly columns: readonly string[] } | 'next' | 'close';

/** A thread's reply: a row group, undefined at the end of the file, or an error. */
export type ParquetReply =
  | { readonly group: RowGroup | undefined }
  | { readonly error: unknown }
  | {
      readonly code: string;
      readonly message: string;
      readonly details: { readonly values: Readonly<Record<string, unknown>>; readonly hint?: string };
    };

let groups: AsyncGenerator<RowGroup> | undefined;

parentPort?.on('message', (request: ParquetRequest) => {
  if (request === 'close') {
    void groups?.return(undefined);
    return;
  }
  if (request !== 'next') groups = parquetGroups(request.path, new Set(request.columns));
  void Promise.resolve(groups?.next())
    .then((next): ParquetReply => ({ group: next?.done ? undefined : next?.value }))
    .catch((error: unknown): ParquetReply => {
      // A DpoError would lose its code on the way to the main thread.
      if (!DpoError.is(error)) return { error };
      const { code, message, values, hint } = error;
      return { code, message, details: { values, ...(hint === undefined ? {} : { hint }) } };
    })
    .then((reply) => parentPort?.postMessage(reply));
});
