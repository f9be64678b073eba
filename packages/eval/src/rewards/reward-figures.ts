import { rewardBenchSections, type TiesScore } from './reward-bench.js';
import type { RewardReport, SubsetReport } from './reward-report.js';

/** The figures of all data, and of each subset, in `dpo eval rewards --json`. Shares are from 0 to 1. */
export interface SubsetFigures {
  readonly comparisons: number;
  readonly accuracy: number;
  /** 95 % (Wilson), low and high. */
  readonly interval: readonly [number, number];
  readonly ties: number;
  readonly log_loss: number;
  readonly margin: number;
  readonly calibration_error: number;
  readonly length_ruler: number;
}

/** What `dpo eval rewards --json` prints. */
export interface RewardFigures extends SubsetFigures {
  readonly length_ruler_interval: readonly [number, number];
  readonly calibration: readonly {
    readonly from: number;
    readonly to: number;
    readonly weight: number;
    readonly predicted: number | null;
    readonly right: number | null;
  }[];
  readonly by_length: readonly {
    readonly from: number;
    readonly to: number | null;
    readonly weight: number;
    readonly margin: number | null;
    readonly accuracy: number | null;
  }[];
  readonly length_correlation: number | null;
  readonly subsets: Readonly<Record<string, SubsetFigures>>;
  /** RewardBench 1's sections, when the subsets are RewardBench 1's. */
  readonly sections?: Readonly<Record<string, number>>;
  /** RewardBench 2's score of Ties, when the data have that subset. */
  readonly ties_score?: TiesScore;
}

/** The figures of a report by the names that scripts rely on. */
export function rewardFigures(report: RewardReport, ties?: TiesScore): RewardFigures {
  const { calibration, byLength, lengthRuler, subsets } = report;
  const sections = rewardBenchSections(new Map([...subsets].map(([name, { accuracy }]) => [name, accuracy.share])));
  return {
    ...figuresOf(report),
    length_ruler_interval: [lengthRuler.low, lengthRuler.high],
    calibration: calibration.bins.map(({ predicted = null, right = null, ...bin }) => ({ ...bin, predicted, right })),
    by_length: byLength.bins.map(({ to, margin = null, accuracy = null, ...bin }) => ({
      ...bin,
      to: Number.isFinite(to) ? to : null,
      margin,
      accuracy,
    })),
    length_correlation: byLength.correlation ?? null,
    subsets: Object.fromEntries([...subsets].map(([name, own]) => [name, figuresOf(own)])),
    ...(sections.size === 0 ? {} : { sections: Object.fromEntries(sections) }),
    ...(ties === undefined ? {} : { ties_score: ties }),
  };
}

function figuresOf({ accuracy, ties, logLoss, margin, calibration, lengthRuler }: SubsetReport): SubsetFigures {
  return {
    comparisons: accuracy.count,
    accuracy: accuracy.share,
    interval: [accuracy.low, accuracy.high],
    ties,
    log_loss: logLoss,
    margin,
    calibration_error: calibration.error,
    length_ruler: lengthRuler.share,
  };
}
