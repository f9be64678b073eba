import type { Evaluation } from '../evaluation-file.js';
import type { WinRateEvidence } from './win-rate-evidence.js';

/** One line of `metrics.jsonl`: TRL's names, and `step`. */
export type MetricsRecord = Readonly<Record<string, unknown>> & { readonly step: number };

/** One line of `warnings.jsonl`: a fault of the data or of the training's course. */
export interface RunWarning {
  readonly code: string;
  readonly message: string;
  readonly step?: number | undefined;
  readonly hint?: string | undefined;
}

/** The content of a report. Parts that are missing are left out of the page. */
export interface ReportData {
  readonly title: string;
  readonly records: readonly MetricsRecord[];
  readonly evaluation?: Evaluation | undefined;
  /** From `verdicts.jsonl` and the answers beside it. */
  readonly winRate?: WinRateEvidence | undefined;
  /** Undefined for a run without checks. */
  readonly warnings?: readonly RunWarning[] | undefined;
  /** Options, versions, seed, dataset: `config.json` of the run. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}
