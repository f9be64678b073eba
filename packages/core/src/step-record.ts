import type { EvaluationMetrics, StepMetrics } from './metrics.js';

/** What is known after a step; `metrics.jsonl` has one to a line. */
export interface StepRecord extends StepMetrics, Partial<EvaluationMetrics> {
  readonly step: number;
  /** How often the data were gone through, as a fraction. Absent where examples have no end. */
  readonly epoch?: number;
  /** The gradient's global norm before clipping. */
  readonly grad_norm: number;
  readonly learning_rate: number;
  readonly pairs_per_second: number;
  readonly peak_rss_bytes: number;
  /** The gradient was not finite, so that the weights were left as they were. */
  readonly skipped?: true;
  /** The examples of a step that was skipped, by their numbers in the data, to look at. */
  readonly rows?: readonly number[];
  /** This evaluation is the best so far. */
  readonly best?: true;
}
