import type { StepRecord, TrainingWarning } from '@dpo/core';

/** What is known after a step, with what the policy's own answers say where some were drawn. */
export interface RunRecord extends StepRecord {
  /** KL(π ‖ π_ref) in nats an answer, over drawn answers, and its standard error. */
  readonly eval_kl?: number;
  readonly eval_kl_error?: number;
  /** Their mean reward, in a run that has a reward. */
  readonly eval_reward?: number;
}

/** Numbers of a step's rows, which its record has the means of. */
export interface StepDetails {
  /** s_w − s_l of each pair; empty where rows are no pairs or the method has no rewards. */
  readonly margins: readonly number[];
}

/** Where what a run measures goes: a file, a page, a line on a terminal. The next step waits for each sink. */
export interface Sink {
  /** A step was taken. */
  record(record: RunRecord, details: StepDetails): void | Promise<void>;
  /** The policy's own answers at an evaluation, in Markdown, after the step's record. */
  samples?(step: number, text: string): void | Promise<void>;
  /** Something may be wrong. `repeated`: the run is resumed, and said so before. */
  warning?(warning: TrainingWarning, repeated: boolean): void | Promise<void>;
  /** The run is over, however it ended. */
  close?(): void | Promise<void>;
}

/** The run that a sink is opened for. */
export interface RunStart {
  /** The run's folder. */
  readonly folder: string;
  /** The last step of the checkpoint that the run goes on from; 0 for a new run. */
  readonly afterStep: number;
  /** The last step of the run. */
  readonly steps: number;
}

/** A sink, or what opens one when the first step is about to be taken. */
export type SinkOrOpener = Sink | ((start: RunStart) => Sink | Promise<Sink>);
