import { type Method, mean } from './method.js';
import type { StepColumns } from './step/outputs.js';

/**
 * Means over the examples of a step, under TRL's names. A method without rewards has none of the reward's names, and a method
 * may add names of its own.
 */
export interface StepMetrics {
  readonly loss: number;
  readonly 'rewards/chosen'?: number;
  readonly 'rewards/rejected'?: number;
  /** The share of pairs whose chosen answer has the higher reward; a tie counts one half. */
  readonly 'rewards/accuracies'?: number;
  readonly 'rewards/margins'?: number;
  /** Pearson's correlation of the margins with |y_w| − |y_l| in tokens. */
  readonly 'rewards/length_correlation'?: number;
  /** log π(y_w|x), summed over the answer. */
  readonly 'logps/chosen'?: number;
  readonly 'logps/rejected'?: number;
  /** KTO's estimate of the KL divergence from the reference, in nats. */
  readonly kl?: number;
  /** The mean reward of the answers that the policy wrote. */
  readonly reward?: number;
  /** KL(π ‖ π_ref) of the answers that the policy wrote, in nats an answer. */
  readonly 'objective/kl'?: number;
}

/** The numbers of a step: the mean loss, the method's record of the columns, and the records of the method's preparation. */
export function metricsOf(
  { losses, columns }: StepColumns,
  method: Pick<Method<never>, 'records'>,
  prepared: Readonly<Record<string, number>> = {},
): StepMetrics {
  return { loss: mean(losses), ...method.records(columns), ...prepared };
}

/** The numbers of an evaluation: the names of {@link StepMetrics} with `eval_` before each. */
export type EvaluationMetrics = { readonly [K in keyof StepMetrics as `eval_${K}`]: StepMetrics[K] };

/** Puts `eval_` before each name. */
export function evaluationMetrics(metrics: StepMetrics): EvaluationMetrics {
  const { loss, ...others } = metrics;
  return {
    eval_loss: loss,
    ...Object.fromEntries(Object.entries(others).map(([name, value]) => [`eval_${name}`, value])),
  };
}
