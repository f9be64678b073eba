import type { WinRateReport } from './win-rate-report.js';

/** What `dpo eval rescore --json` prints. Rates are shares from 0 to 1; null when the verdicts do not say. */
export interface Rescored {
  /** Prompts in the file, with a usable verdict or not. */
  readonly prompts: number;
  readonly win_rate: number | null;
  readonly standard_error: number | null;
  /** 95 %, low and high. */
  readonly interval: readonly [number, number] | null;
  readonly length_controlled_win_rate: number | null;
  readonly length_controlled_interval: readonly [number, number] | null;
  readonly longer_wins: number | null;
  readonly first_position_rate: number | null;
  readonly consistency: number | null;
  /** Verdicts in which no label could be read. `bounds` counts refused and failed verdicts as well. */
  readonly unparsable: number;
  /** The win rate with all lost verdicts against the model, and with all for it. */
  readonly bounds: readonly [number, number];
  /** The smallest distance from one half that so many prompts show at 80 % power. */
  readonly smallest_difference: number | null;
}

/** The figures of a report by the names that scripts rely on. */
export function rescored(report: WinRateReport): Rescored {
  const { raw, lengthControl: control, panel, bounds } = report;
  return {
    prompts: report.prompts,
    win_rate: raw?.rate ?? null,
    standard_error: raw === undefined || Number.isNaN(raw.standardError) ? null : raw.standardError,
    interval: raw === undefined ? null : [raw.low, raw.high],
    length_controlled_win_rate: control?.rate ?? null,
    length_controlled_interval: control === undefined ? null : [control.low, control.high],
    longer_wins: report.lengthBias?.longerWins ?? null,
    first_position_rate: panel.firstPositionRate ?? null,
    consistency: panel.consistency ?? null,
    unparsable: panel.counts.unparsable,
    bounds: [bounds.worst.rate, bounds.best.rate],
    smallest_difference: report.smallestDifference ?? null,
  };
}
