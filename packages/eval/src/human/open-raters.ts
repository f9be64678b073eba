import { DpoError } from '@dpo/base';
import { isThere } from '@dpo/base/files';
import type { JudgedPair } from '../judges/judge.js';
import { verdictHead } from '../judges/questions.js';
import { appendLines } from '../verdicts/append-lines.js';
import { pairKey } from '../winrate/pair-scores.js';
import { planRater } from './rater-plan.js';
import { type RaterSession, raterSession } from './rater-session.js';
import type { SideNames } from './rater-state.js';
import { isMark, type VoteLine } from './vote.js';
import { readVoteLines, votesByRater } from './votes.js';

/** Who is to judge which pairs, and where the votes go. */
export interface OpenRatersOptions {
  /** The pairs from which each rater's are drawn. */
  readonly pairs: readonly JudgedPair[];
  /** Whose answers are compared: what raters are told at the end. */
  readonly names: SideNames;
  /** The raters' names, up to 64 characters each. */
  readonly raters: readonly string[];
  /** `votes.jsonl`. When the file exists, each rater goes on where he or she stopped. */
  readonly file: string;
  /** How many pairs each rater judges. Default all. */
  readonly planned?: number | undefined;
  /** Draws pairs, orders and sides. Default 0. */
  readonly seed?: number | undefined;
}

/** Sessions of several raters that write to one file. */
export interface OpenRaters {
  readonly sessions: readonly RaterSession[];
  /** Whether the file's last line was torn, and taken off. */
  readonly torn: boolean;
  /** Waits for all lines and closes the file. */
  readonly close: () => Promise<void>;
}

/** The longest name of a rater, in UTF-16 units. */
const LONGEST = 64;

/**
 * Opens a file of votes for raters, and begins or goes on with a session for each.
 *
 * @throws DpoError `eval.no-pairs`; `human.bad-rater` for a name that is empty, too long or given twice; `human.other-answers`
 *   when the file has votes on other answers; `human.too-few-pairs`; `votes.bad-line`; file errors
 */
export async function openRaters(options: OpenRatersOptions): Promise<OpenRaters> {
  const { pairs, names, file, planned, seed } = options;
  if (pairs.length === 0) throw new DpoError('eval.no-pairs', 'There is no pair of answers to judge.');
  const raters = checkedRaters(options.raters);
  const { lines, torn } = (await isThere(file)) ? await readVoteLines(file) : { lines: [], torn: false };
  checkSameAnswers(lines, pairs, file);
  const before = votesByRater(lines);
  const plans = raters.map((rater) => ({ rater, plan: planRater(pairs, { rater, planned, seed }) }));
  const { append, close } = await appendLines<VoteLine>(file);
  const sessions = plans.map(({ rater, plan }) =>
    raterSession({ rater, plan, names, append, before: before.find((each) => each.rater === rater) }),
  );
  return { sessions, torn, close };
}

function checkedRaters(names: readonly string[]): string[] {
  const raters = names.map((rater) => rater.trim().normalize());
  const bad = (why: string, rater: string) =>
    new DpoError('human.bad-rater', `The rater's name "${rater}" ${why}.`, {
      values: { rater },
      hint: 'Give each rater a short name of their own.',
    });
  for (const [i, rater] of raters.entries()) {
    if (rater === '') throw bad('is empty', rater);
    if (/\p{Cc}/u.test(rater)) throw bad('has a line break or another control character', rater);
    if (rater.length > LONGEST) throw bad(`has more than ${LONGEST} characters`, rater);
    if (raters.indexOf(rater) < i) throw bad('is given twice', rater);
  }
  return raters;
}

/** Refuses votes on other answers in the file, since figures are computed from all its lines. */
function checkSameAnswers(lines: readonly VoteLine[], pairs: readonly JudgedPair[], file: string): void {
  const digests = new Map(
    pairs
      .map((pair) => verdictHead({ pair, first: 'model', repetition: 0 }))
      .map((head) => [pairKey(head), head.prompt_digest]),
  );
  for (const line of lines) {
    if (isMark(line)) continue;
    const digest = digests.get(pairKey(line));
    if (digest !== undefined && (line.prompt_digest ?? digest) === digest) continue;
    throw new DpoError('human.other-answers', `${file} has votes on other answers to prompt ${line.prompt_id}.`, {
      values: { file, prompt: line.prompt_id, rater: line.rater },
      hint: 'Name another file for the votes, or give the same answers as before.',
    });
  }
}
