import { type LineFile, readLines } from '../verdicts/read-lines.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { isMark, type Vote, type VoteLine, voteLineShape } from './vote.js';

/** What one rater has said by now. */
export interface RaterVotes {
  readonly rater: string;
  /** The votes that were not taken back, skips included, in their order. */
  readonly votes: readonly Vote[];
  /** Whether the rater has ended the session, and been shown the names. */
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

/** The votes of each rater that are in force: an undo takes back the rater's last one that is. Raters stand in their order. */
export function votesByRater(lines: readonly VoteLine[]): RaterVotes[] {
  const raters = new Map<string, { readonly votes: Vote[]; done: boolean }>();
  for (const line of lines) {
    const known = raters.get(line.rater) ?? { votes: [], done: false };
    raters.set(line.rater, known);
    if (!isMark(line)) known.votes.push(line);
    else if (line.vote === 'undo') known.votes.pop();
    else known.done = true;
  }
  return [...raters].map(([rater, known]) => ({ rater, ...known }));
}

/** Votes as verdicts, which every figure is computed from. A tie and two bad answers are ties, told apart by `both_bad`. */
export function verdictsOfVotes(raters: readonly RaterVotes[]): StoredVerdict[] {
  return raters.flatMap(({ votes }) => votes.flatMap(verdictOf));
}

function verdictOf({ vote, at: _, ...asked }: Vote): StoredVerdict[] {
  if (vote === 'skip') return [];
  const verdict = { A: 'first', B: 'second', tie: 'tie', both_bad: 'tie' } as const;
  return [
    { ...asked, verdict: verdict[vote], judge_asked: 'human', ...(vote === 'both_bad' ? { both_bad: true } : {}) },
  ];
}
