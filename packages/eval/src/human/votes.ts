import { type LineFile, readLines } from '../verdicts/read-lines.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { isMark, type Vote, type VoteLine, voteLineShape } from './vote.js';

/** What one rater has said so far. */
export interface RaterVotes {
  readonly rater: string;
  /** The votes that were not taken back, skips included, in their order. */
  readonly votes: readonly Vote[];
  /** Whether the rater has ended the session, and seen the names. */
  readonly done: boolean;
}

/**
 * Reads `votes.jsonl`. A torn last line is left out.
 *
 * @throws DpoError `votes.bad-line` for any other broken line, naming line and key; file errors
 */
export function readVoteLines(path: string): Promise<LineFile<VoteLine>> {
  return readLines(path, voteLineShape, 'votes.bad-line');
}

/** The votes of each rater that are in force: an undo takes back the rater's last vote in force. Raters stand in the order of their first lines. */
export function votesByRater(lines: readonly VoteLine[]): RaterVotes[] {
  const raters = new Map<string, { readonly votes: Vote[]; done: boolean }>();
  for (const line of lines) {
    const rater = raters.get(line.rater) ?? { votes: [], done: false };
    raters.set(line.rater, rater);
    if (!isMark(line)) rater.votes.push(line);
    else if (line.vote === 'undo') rater.votes.pop();
    else rater.done = true;
  }
  return [...raters].map(([rater, votes]) => ({ rater, ...votes }));
}

/** Votes as verdicts, from which every figure is computed. Two bad answers are a tie with `both_bad`. A skip is no verdict. */
export function verdictsOfVotes(raters: readonly RaterVotes[]): StoredVerdict[] {
  return raters.flatMap(({ votes }) => votes.flatMap(verdictOf));
}

function verdictOf({ vote, at: _, ...question }: Vote): StoredVerdict[] {
  if (vote === 'skip') return [];
  const verdict = { A: 'first', B: 'second', tie: 'tie', both_bad: 'tie' } as const;
  return [
    { ...question, verdict: verdict[vote], judge_asked: 'human', ...(vote === 'both_bad' ? { both_bad: true } : {}) },
  ];
}
