import { appendLines, type LineWriter } from './append-lines.js';
import type { StoredVerdict } from './stored-verdict.js';

/** A file to which verdicts are added. */
export type VerdictWriter = LineWriter<StoredVerdict>;

/**
 * Opens `verdicts.jsonl` for adding, and makes the file when there is none. A torn last line is taken off; nothing else in the file
 * is changed.
 *
 * @throws DpoError file errors
 */
export function appendVerdicts(path: string): Promise<VerdictWriter> {
  return appendLines<StoredVerdict>(path);
}
