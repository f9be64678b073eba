import type { RaterOutcome } from './rater-outcome.js';
import type { Choice } from './vote.js';

/** Whose answers are compared: what a rater is not told before the end. */
export interface SideNames {
  readonly model: string;
  readonly baseline: string;
}

/** A part of a prompt as a rater sees it. */
export interface ShownTurn {
  /** Who speaks, in a conversation. */
  readonly role?: string;
  readonly text: string;
}

/** How far a rater is. */
export interface RaterProgress {
  readonly rater: string;
  /** Items that are settled: voted on, skipped, or left out since they would repeat a skipped one. */
  readonly done: number;
  readonly total: number;
  /** The smallest distance from one half that the votes so far can show; null without a vote. */
  readonly smallestDifference: number | null;
  /** Whether there is a vote to take back. */
  readonly canUndo: boolean;
}

/** Two answers to be compared. */
export interface ShownItem extends RaterProgress {
  readonly kind: 'item';
  /** Number of the item in the rater's plan. */
  readonly item: number;
  readonly prompt: readonly ShownTurn[];
  readonly left: string;
  readonly right: string;
  /** The comment of a vote that was taken back. */
  readonly comment: string;
}

/** What the page shows: two answers; the wish to end; or, once the session is ended, whose answers they were. */
export type RaterState =
  | ShownItem
  | (RaterProgress & { readonly kind: 'sealed' })
  | (RaterProgress & { readonly kind: 'finished'; readonly names: SideNames; readonly outcome: RaterOutcome });

/** A vote as the page sends it. */
export interface GivenVote {
  readonly item: number;
  readonly choice: Choice;
  readonly comment?: string | undefined;
  /** How long the answers were shown. */
  readonly milliseconds?: number | undefined;
}
