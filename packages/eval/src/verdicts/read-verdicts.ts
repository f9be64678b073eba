import { DpoError, isObject } from '@dpo/base';
import { type VoteLine, voteLineShape } from '../human/vote.js';
import { verdictsOfVotes, votesByRater } from '../human/votes.js';
import type { Shape } from '../shape.js';
import { readLines } from './read-lines.js';
import { type StoredVerdict, verdictShape } from './stored-verdict.js';

/** What a file of verdicts holds. */
export interface VerdictFile {
  readonly verdicts: readonly StoredVerdict[];
  /** Whether the last line was cut while it was written; it is left out. */
  readonly torn: boolean;
}

/** A line with `vote` and no `verdict` is a person's. */
const anyShape: Shape<StoredVerdict | VoteLine> = (value, where) =>
  isObject(value) && 'vote' in value && !('verdict' in value)
    ? voteLineShape(value, where)
    : verdictShape(value, where);

/**
 * Reads `verdicts.jsonl`, a verdict to a line, or `votes.jsonl`, whose votes that were not taken back become verdicts; blank lines are passed over. A last line that is no whole JSON is what a killed
 * program leaves: reading goes on without it and says so.
 *
 * @throws DpoError `verdicts.bad-line` for any other line that is not valid JSON or no verdict, naming line and key;
 *   `verdicts.empty` where no verdict is left; file errors
 */
export async function readVerdicts(path: string): Promise<VerdictFile> {
  const { lines, torn } = await readLines(path, anyShape, 'verdicts.bad-line');
  const votes = lines.filter((line) => 'vote' in line);
  const verdicts = [
    ...lines.filter((line): line is StoredVerdict => !('vote' in line)),
    ...verdictsOfVotes(votesByRater(votes)),
  ];
  if (verdicts.length === 0)
    throw new DpoError('verdicts.empty', `${path} holds no verdict.`, {
      values: { path, torn },
      hint: 'A file of verdicts has a JSON object to a line, with prompt_id, first and verdict.',
    });
  return { verdicts, torn };
}
