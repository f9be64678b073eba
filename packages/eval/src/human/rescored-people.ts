import type { BesideJudge } from './beside-judge.js';

/** What `dpo eval rescore --human --json` prints under `human`. Rates are shares from 0 to 1; null when a figure cannot be computed. */
export interface RescoredPeople {
  readonly raters: readonly string[];
  /** Pairs with a verdict of the judge and a vote. */
  readonly pairs: number;
  /** Each rater's judgement of a pair beside the judge's: how many, the share of equal judgements, and Cohen's κ. */
  readonly judgements: number;
  readonly agreement: number;
  readonly kappa: number | null;
  /** Krippendorff's α over raters. */
  readonly alpha: number | null;
  /** Shares of the labels `model`, `baseline` and `tie` among people's judgements, and among the judge's. */
  readonly prevalence: BesideJudge['prevalence']['people'];
  readonly judge_prevalence: BesideJudge['prevalence']['judge'];
  /** Of the pairs that a rater saw twice: the share on which the rater said the same. */
  readonly consistency: number | null;
  /** The rate on these pairs by people, its interval, and the rate by the judge. */
  readonly win_rate: number;
  readonly interval: readonly [number, number];
  readonly judge_win_rate: number;
  /** The judge's rate over all prompts, corrected by people. */
  readonly corrected_win_rate: number | null;
  readonly corrected_standard_error: number | null;
  readonly corrected_interval: readonly [number, number] | null;
  /** How far the judge was relied upon, 0 to 1. */
  readonly lambda: number | null;
  /** Prompts with a vote, and prompts that the judge alone judged. */
  readonly labelled: number | null;
  readonly unlabelled: number | null;
}

/** The figures by the names that scripts rely on. */
export function rescoredPeople({ agreement, people, corrected, ...beside }: BesideJudge): RescoredPeople {
  return {
    raters: beside.raters,
    pairs: beside.pairs,
    judgements: agreement.count,
    agreement: agreement.agreement,
    kappa: orNull(agreement.kappa),
    alpha: orNull(beside.alpha),
    prevalence: beside.prevalence.people,
    judge_prevalence: beside.prevalence.judge,
    consistency: orNull(beside.ownConsistency),
    win_rate: people.rate,
    interval: [people.low, people.high],
    judge_win_rate: beside.judge.rate,
    corrected_win_rate: corrected?.mean ?? null,
    corrected_standard_error: corrected?.standardError ?? null,
    corrected_interval: corrected === undefined ? null : [corrected.low, corrected.high],
    lambda: corrected?.lambda ?? null,
    labelled: corrected?.labelled ?? null,
    unlabelled: corrected?.unlabelled ?? null,
  };
}

function orNull(figure: number | undefined): number | null {
  return figure === undefined || Number.isNaN(figure) ? null : figure;
}
