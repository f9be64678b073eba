import { DpoError } from '@dpo/base';
import { readLines } from './read-lines.js';
import { type StoredVerdict, verdictShape } from './stored-verdict.js';

/** What a file of verdicts holds. */
export interface VerdictFile {
  readonly verdicts: readonly StoredVerdict[];
  /** Whether the last line was cut while it was written; it is left out. */
  readonly torn: boolean;
}

/**
 * Reads `verdicts.jsonl`, a verdict to a line; blank lines are passed over. A last line that is no whole JSON is what a killed
 * program leaves: reading goes on without it and says so.
 *
 * @throws DpoError `verdicts.bad-line` for any other line that is not valid JSON or no verdict, naming line and key;
 *   `verdicts.empty` where no verdict is left; file errors
 */
export async function readVerdicts(path: string): Promise<VerdictFile> {
  const { lines, torn } = await readLines(path, verdictShape, 'verdicts.bad-line');
  if (lines.length === 0)
    throw new DpoError('verdicts.empty', `${path} holds no verdict.`, {
      values: { path, torn },
      hint: 'A file of verdicts has a JSON object to a line, with prompt_id, first and verdict.',
    });
  return { verdicts: lines, torn };
}
