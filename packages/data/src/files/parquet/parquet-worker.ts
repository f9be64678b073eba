import { parentPort, workerData } from 'node:worker_threads';
import { DpoError } from '@dpo/base';
import { parquetGroups, type RowGroup } from './_groups.js';

/** A row group, none at the end, or what went wrong. */
export type ParquetReply =
  | { readonly group: RowGroup | undefined }
  | { readonly error: unknown }
  | {
      readonly code: string;
      readonly message: string;
      readonly details: { readonly values: Readonly<Record<string, unknown>>; readonly hint?: string };
    };

const { path, columns } = workerData as { readonly path: string; readonly columns: readonly string[] };
const groups = parquetGroups(path, new Set(columns));

parentPort?.on('message', () => {
  void groups
    .next()
    .then(({ value, done }): ParquetReply => ({ group: done ? undefined : value }))
    .catch((error: unknown): ParquetReply => {
      // An error of ours would lose its code on the way.
      if (!DpoError.is(error)) return { error };
      const { code, message, values, hint } = error;
      return { code, message, details: { values, ...(hint === undefined ? {} : { hint }) } };
    })
    .then((reply) => parentPort?.postMessage(reply));
});
