import type { DpoError } from '@dpo/base';
import type { RunContext } from '../context.js';

/** Rows that were left out. */
export interface SkippedRows {
  /** For readers and builders; undefined where the first such row should stop everything. */
  readonly onError: ((error: DpoError) => void) | undefined;
  /** Each row's message, once. */
  readonly messages: () => readonly string[];
  /** Says how many were left out, and why the first ones were. */
  report(context: RunContext): void;
}

const SHOWN = 5;

/** Collects what `--on-error skip` leaves out. */
export function skippedRows(mode: 'stop' | 'skip'): SkippedRows {
  // Files may be gone through more than once: a row is known by its message.
  const messages = new Set<string>();
  return {
    onError: mode === 'stop' ? undefined : ({ message }) => void messages.add(message),
    messages: () => [...messages],
    report(context) {
      if (messages.size === 0) return;
      context.note(`Left out ${messages.size} row${messages.size === 1 ? '' : 's'}:`);
      for (const message of [...messages].slice(0, SHOWN)) context.note(`  ${message}`);
      if (messages.size > SHOWN) context.note(`  … and ${messages.size - SHOWN} more`);
    },
  };
}
