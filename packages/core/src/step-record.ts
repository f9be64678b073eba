import type { EvaluationMetrics, StepMetrics } from './metrics.js';

/** The record of a step: one line of `metrics.jsonl`. */
export interface StepRecord extends StepMetrics, Partial<EvaluationMetrics> {
  /** The number of the step, from 1. */
  readonly step: number;
  /** How many times the run has gone through the data, as a fraction. Absent when examples have no end. */
  readonly epoch?: number;
  /** The gradient's global norm before clipping. */
  readonly grad_norm: number;
  /** The learning rate of the step. */
  readonly learning_rate: number;
  /** Examples of the step, of whatever kind and over all workers, by the seconds that the step took. */
  readonly pairs_per_second: number;
  /** The most memory that the process has held so far, in bytes. */
  readonly peak_rss_bytes: number;
  /** Present when the gradient was not finite, so that the weights stayed as they were. */
  readonly skipped?: true;
  /** The rows of a skipped step, by their numbers in the data. */
  readonly rows?: readonly number[];
  /** Present when the evaluation of the step is the best so far. */
  readonly best?: true;
}
