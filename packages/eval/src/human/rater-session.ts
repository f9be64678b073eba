import { DpoError } from '@dpo/base';
import { verdictHead } from '../judges/questions.js';
import type { PlannedItem } from './rater-plan.js';
import type { PageVote, RaterState, SideNames } from './rater-state.js';
import { currentItem, type Sitting, stateOf } from './sitting.js';
import type { Vote, VoteLine } from './vote.js';
import type { RaterVotes } from './votes.js';

/** One rater's way through a plan. Calls are worked off one after the other, and each resolves when its line is on the disk. */
export interface RaterSession {
  readonly rater: string;
  readonly state: () => RaterState;
  /**
   * Takes a vote on the item that is shown.
   *
   * @throws DpoError `human.not-current` when another item is shown; file errors, after which the vote does not count
   */
  readonly vote: (vote: PageVote) => Promise<RaterState>;
  /** Takes the last vote back, and shows its item again. @throws DpoError `human.nothing-to-undo`; file errors */
  readonly undo: () => Promise<RaterState>;
  /** Ends the session and tells the names. @throws DpoError `human.not-judged` before all items are settled; file errors */
  readonly finish: () => Promise<RaterState>;
}

/** What a session is made of. */
export interface RaterSessionOptions {
  /** The rater's name, which every line of votes has. */
  readonly rater: string;
  /** What the rater is shown, item by item. */
  readonly plan: readonly PlannedItem[];
  /** Whose answers are compared: what the rater is told at the end. */
  readonly names: SideNames;
  /** What the rater said in earlier sittings. */
  readonly before?: RaterVotes | undefined;
  /** Writes a line, and resolves when the line is on the disk. */
  readonly append: (line: VoteLine) => Promise<void>;
  /** The time, for tests. */
  readonly now?: () => Date;
}

/** Begins or goes on with a rater's session: items with a vote are not shown again. */
export function raterSession(options: RaterSessionOptions): RaterSession {
  const { rater, plan, names, before, append, now = () => new Date() } = options;
  let sitting: Sitting = { rater, plan, names, votes: before?.votes ?? [], done: before?.done ?? false };
  let last: Promise<unknown> = Promise.resolve();
  const step = (make: (sitting: Sitting, at: string) => Step | undefined): Promise<RaterState> => {
    const state = last.then(async () => {
      const step = make(sitting, now().toISOString());
      if (step !== undefined) {
        await append(step.line);
        sitting = step.next;
      }
      return stateOf(sitting);
    });
    last = state.catch(() => undefined); // The caller hears of the error.
    return state;
  };
  return {
    rater,
    state: () => stateOf(sitting),
    vote: (vote) => step((sitting, at) => voteStep(sitting, vote, at)),
    undo: () => step(undoStep),
    finish: () => step(finishStep),
  };
}

/** A line for the file, and the sitting once the line is written. */
interface Step {
  readonly line: VoteLine;
  readonly next: Sitting;
}

function voteStep(sitting: Sitting, { item, choice, comment, milliseconds }: PageVote, at: string): Step {
  if (sitting.done || item !== currentItem(sitting))
    throw new DpoError('human.not-current', 'The vote is not on the two answers that are shown now.', {
      values: { rater: sitting.rater, item },
      hint: 'Another window may have gone on: this one shows the current pair.',
    });
  const comments = comment === undefined || comment.trim() === '' ? {} : { comment };
  const head = verdictHead(sitting.plan[item] as PlannedItem);
  const vote: Vote = { ...head, rater: sitting.rater, vote: choice, ...comments, milliseconds, at };
  return { line: vote, next: { ...sitting, votes: [...sitting.votes, vote], takenBack: undefined } };
}

function undoStep(sitting: Sitting, at: string): Step {
  const { rater, votes, done } = sitting;
  if (done || votes.length === 0)
    throw new DpoError('human.nothing-to-undo', done ? 'The session has ended.' : 'There is no vote to take back.', {
      values: { rater },
    });
  return {
    line: { rater, vote: 'undo', at },
    next: { ...sitting, votes: votes.slice(0, -1), takenBack: votes.at(-1) },
  };
}

function finishStep(sitting: Sitting, at: string): Step | undefined {
  const { rater, done } = sitting;
  if (done) return undefined;
  if (currentItem(sitting) !== undefined)
    throw new DpoError('human.not-judged', 'The names are told when all pairs are judged.', { values: { rater } });
  return { line: { rater, vote: 'done', at }, next: { ...sitting, done: true } };
}
