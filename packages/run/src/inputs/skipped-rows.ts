import type { DpoError } from '@dpo/base';
import type { RunContext } from '../context.js';

/** Rows that were left out. */
export interface SkippedRows {
  /** The callback for readers and builders. Undefined when the first row that cannot be used stops the command. */
  readonly onError: ((error: DpoError) => void) | undefined;
  /** The message of each row, once. */
  readonly messages: () => readonly string[];
  /** Notes how many rows were left out, and why the first of them were. */
  report(context: RunContext): void;
}

const MOST_ROWS = 5;

/** Collects the rows that `--on-error skip` leaves out. */
export function skippedRows(mode: 'stop' | 'skip'): SkippedRows {
  // A file may be read more than once. A message names its row, so each row counts once.
  const messages = new Set<string>();
  return {
    onError: mode === 'stop' ? undefined : ({ message }) => void messages.add(message),
    messages: () => [...messages],
    report(context) {
      if (messages.size === 0) return;
      context.note(`Left out ${messages.size} row${messages.size === 1 ? '' : 's'}:`);
      for (const message of [...messages].slice(0, MOST_ROWS)) context.note(`  ${message}`);
      if (messages.size > MOST_ROWS) context.note(`  … and ${messages.size - MOST_ROWS} more`);
    },
  };
}
