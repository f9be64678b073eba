import { judgePanel } from '../winrate/judge-panel.js';
import { scoredPairs, verdictsByPair } from '../winrate/pair-scores.js';
import { type Conclusion, conclude, rateInterval } from '../winrate/rate-interval.js';
import type { Vote } from './vote.js';
import { verdictsOfVotes } from './votes.js';

/** What one rater's votes came to. */
export interface RaterOutcome {
  /** Votes for each side, and votes for neither. */
  readonly model: number;
  readonly baseline: number;
  readonly tie: number;
  readonly bothBad: number;
  readonly skipped: number;
  /** Pairs with a vote. */
  readonly pairs: number;
  /** The model's win rate over these pairs and its 95 % interval, a tie counting one half; null without a vote. */
  readonly rate: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  readonly conclusion: Conclusion | null;
  /** Of the pairs that were shown twice with sides swapped: the share on which the rater said the same; null without such a pair. */
  readonly consistency: number | null;
}

/** Counts a rater's votes. */
export function raterOutcome(rater: string, votes: readonly Vote[]): RaterOutcome {
  const verdicts = verdictsOfVotes([{ rater, votes, done: true }]);
  const pairs = verdictsByPair(verdicts);
  const scored = scoredPairs(pairs);
  const rate =
    scored.length === 0
      ? undefined
      : rateInterval(
          scored.map(({ score }) => score),
          scored.map(({ prompt }) => prompt),
        );
  const forSide = (side: 'model' | 'baseline') =>
    votes.filter(({ vote, first }) => (vote === 'A' && first === side) || (vote === 'B' && first !== side)).length;
  const count = (choice: Vote['vote']) => votes.filter(({ vote }) => vote === choice).length;
  return {
    model: forSide('model'),
    baseline: forSide('baseline'),
    tie: count('tie'),
    bothBad: count('both_bad'),
    skipped: count('skip'),
    pairs: scored.length,
    rate: rate?.rate ?? null,
    interval: rate === undefined ? null : [rate.low, rate.high],
    conclusion: rate === undefined ? null : conclude(rate),
    consistency: judgePanel(pairs).consistency ?? null,
  };
}
