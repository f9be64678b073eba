import { DpoError, isObject } from '@dpo/base';
import { type VoteLine, voteLineShape } from '../human/vote.js';
import { verdictsOfVotes, votesByRater } from '../human/votes.js';
import type { Shape } from '../shape.js';
import { readLines } from './read-lines.js';
import { type StoredVerdict, verdictShape } from './stored-verdict.js';

/** The content of a file of verdicts. */
export interface VerdictFile {
  readonly verdicts: readonly StoredVerdict[];
  /** Whether the last line was torn, and left out. */
  readonly torn: boolean;
}

/** A line with `vote` and without `verdict` is a person's. */
const anyShape: Shape<StoredVerdict | VoteLine> = (value, where) =>
  isObject(value) && 'vote' in value && !('verdict' in value)
    ? voteLineShape(value, where)
    : verdictShape(value, where);

/**
 * Reads `verdicts.jsonl`, with a verdict on each line, or `votes.jsonl`, of which the votes in force become verdicts. Blank lines
 * are left out, and so is a torn last line, which a killed program leaves.
 *
 * @throws DpoError `verdicts.bad-line` for any other line that is not valid JSON or no verdict, naming line and key;
 *   `verdicts.empty` for a file without a verdict; file errors
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
