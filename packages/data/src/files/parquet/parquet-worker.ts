import { parentPort } from 'node:worker_threads';
import { DpoError } from '@dpo/base';
import { parquetGroups, type RowGroup } from './_groups.js';

/** What a thread is asked for: the first row group of a file, or the next one; to close the file, which has no reply. */
export type ParquetRequest = { readonly path: string; readonly columns: readonly string[] } | 'next' | 'close';

/** A row group, none at the end, or what went wrong. */
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
      // An error of ours would lose its code on the way.
      if (!DpoError.is(error)) return { error };
      const { code, message, values, hint } = error;
      return { code, message, details: { values, ...(hint === undefined ? {} : { hint }) } };
    })
    .then((reply) => parentPort?.postMessage(reply));
});
