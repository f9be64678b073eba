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
  /** Items that are settled: with a vote, skipped, or left out since they would repeat a skipped pair. */
  readonly done: number;
  readonly total: number;
  /** The smallest distance of a rate from one half that the votes so far can show, 0 to 1; null without a vote. */
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

/** What the page shows: two answers; when all are judged, the button that ends the session; after the end, whose answers they were. */
export type RaterState =
  | ShownItem
  | (RaterProgress & { readonly kind: 'sealed' })
  | (RaterProgress & { readonly kind: 'finished'; readonly names: SideNames; readonly outcome: RaterOutcome });

/** A vote as the page sends it. */
export interface PageVote {
  readonly item: number;
  readonly choice: Choice;
  readonly comment?: string | undefined;
  /** How long the answers were on the screen. */
  readonly milliseconds?: number | undefined;
}
