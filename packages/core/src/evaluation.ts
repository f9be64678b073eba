import type { EncodedExample, EncodedPair } from '@dpo/base';
import { shareOf } from './batches/share.js';
import type { TrainingState } from './checkpoint-state.js';
import { type EvaluationMetrics, evaluationMetrics, metricsOf } from './metrics.js';
import type { Reference } from './reference.js';
import type { CompiledSteps } from './step/compile-steps.js';
import { gatherColumns, type StepOutputs } from './step/outputs.js';
import { prepareStep, type StepContext } from './step/prepare.js';

/** Held-out examples to measure, when to measure them, and what follows from the numbers. */
export interface EvaluationOptions<E extends EncodedExample = EncodedPair> {
  /** The held-out examples. */
  readonly examples: readonly E[];
  /** Evaluates after every so many steps, and after the last. */
  readonly everySteps: number;
  /**
   * The reference of the held-out examples. A reference of precomputed numbers belongs to its own examples, so that these
   * examples need another. Default: the reference of the training.
   */
  readonly reference?: Reference | undefined;
  /** The number that says which evaluation is best: of `eval_loss` the smallest is, of any other the largest. Default `eval_loss`. */
  readonly metric?: keyof EvaluationMetrics | undefined;
  /** Ends the run after so many evaluations in a row that were no better than the best before them. Default: never. */
  readonly patience?: number | undefined;
  /** By how much an evaluation must be better to count. Default 0. */
  readonly minDelta?: number | undefined;
}

/** The number that says which evaluation is best. */
export function metricOf(evaluation: Pick<EvaluationOptions, 'metric'> | undefined): keyof EvaluationMetrics {
  return evaluation?.metric ?? 'eval_loss';
}

/** Tells whether an evaluation is better than the best before it. An evaluation whose number is not finite is never better. */
export function isBetter(
  now: EvaluationMetrics,
  { best }: Pick<TrainingState, 'best'>,
  evaluation: Pick<EvaluationOptions, 'metric' | 'minDelta'> | undefined,
): boolean {
  const metric = metricOf(evaluation);
  const value = now[metric] ?? Number.NaN;
  if (!Number.isFinite(value)) return false;
  if (best === undefined) return true;
  return (metric === 'eval_loss' ? best.value - value : value - best.value) > (evaluation?.minDelta ?? 0);
}

/**
 * Measures all examples without an update. The method's `prepare` sees all of them at once, and workers share them evenly.
 * Returns `aborted` when the signal is aborted meanwhile.
 */
export async function evaluate<E extends EncodedExample>(
  { examples, reference }: Pick<EvaluationOptions<E>, 'examples' | 'reference'>,
  training: Omit<StepContext<E>, 'training'> & {
    readonly compiled: Pick<CompiledSteps, 'evaluate' | 'score'>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<EvaluationMetrics | 'aborted'> {
  const { method, collective, signal } = training;
  // Workers wait for each other's numbers: none of them may leave alone.
  const compiled =
    collective.size === 1 && signal !== undefined ? abortable(training.compiled, signal) : training.compiled;
  const context = { ...training, compiled, reference: reference ?? training.reference, training: false };
  const { examples: own } = await shareOf({ examples }, collective);
  try {
    const { batches, records } = await prepareStep(own, context);
    const outputs: StepOutputs[] = [];
    for (const batch of batches) outputs.push(await compiled.evaluate(batch));
    return evaluationMetrics(metricsOf(await gatherColumns(outputs, collective), method, records));
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return 'aborted';
    throw error;
  }
}

/** The same functions, which reject with the signal's reason when the signal is aborted before a call. */
function abortable(
  { evaluate, score }: Pick<CompiledSteps, 'evaluate' | 'score'>,
  signal: AbortSignal,
): Pick<CompiledSteps, 'evaluate' | 'score'> {
  return {
    evaluate: async (batch) => {
      signal.throwIfAborted();
      return evaluate(batch);
    },
    score: async (batch) => {
      signal.throwIfAborted();
      return score(batch);
    },
  };
}
