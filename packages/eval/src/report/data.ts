import type { Evaluation } from '../evaluation-file.js';

/** One line of `metrics.jsonl`: TRL's names, and `step`. */
export type MetricsRecord = Readonly<Record<string, unknown>> & { readonly step: number };

/** What a report is made from. What is missing is left out of the page. */
export interface ReportData {
  readonly title: string;
  readonly records: readonly MetricsRecord[];
  readonly evaluation?: Evaluation | undefined;
  /** Options, versions, seed, dataset: `config.json` of the run. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}
