import type { StepRecord, TrainingWarning } from '@dpo/core';

/** The record of a step. At an evaluation that drew answers it has their numbers as well. */
export interface RunRecord extends StepRecord {
  /** KL(π ‖ π_ref) in nats an answer, over drawn answers. */
  readonly eval_kl?: number;
  /** The standard error of `eval_kl`. */
  readonly eval_kl_error?: number;
  /** The mean reward of drawn answers, in a run that has a reward. */
  readonly eval_reward?: number;
}

/** Numbers of a step's examples. The step's record holds their means. */
export interface StepDetails {
  /** s_w − s_l of each pair. Empty when the examples are no pairs or the method has no rewards. */
  readonly margins: readonly number[];
}

/** What gets the records of a run: a file, a page, a line on a terminal. The next step waits for each sink. */
export interface Sink {
  /** Called after each step. */
  record(record: RunRecord, details: StepDetails): void | Promise<void>;
  /** Called with the policy's own answers at an evaluation, in Markdown, after the step's record. */
  samples?(step: number, text: string): void | Promise<void>;
  /** Called when something may be wrong. `repeated`: the run was resumed, and gave this warning before. */
  warning?(warning: TrainingWarning, repeated: boolean): void | Promise<void>;
  /** Called when the run is over, however it ended. */
  close?(): void | Promise<void>;
}

/** The run that a sink is opened for. */
export interface RunStart {
  /** The run's folder. */
  readonly folder: string;
  /** The last step of the checkpoint from which the run goes on; 0 for a new run. */
  readonly afterStep: number;
  /** The last step of the run. */
  readonly steps: number;
}

/** A sink, or a function that opens a sink just before the first step. */
export type SinkOrOpener = Sink | ((start: RunStart) => Sink | Promise<Sink>);
