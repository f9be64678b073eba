import type { EncodedExample, EncodedPair } from '@dpo/base';
import { shareOf } from './batches/share.js';
import type { TrainingState } from './checkpoint-state.js';
import { type EvaluationMetrics, evaluationMetrics, metricsOf } from './metrics.js';
import type { Reference } from './reference.js';
import type { CompiledSteps } from './step/compile-steps.js';
import { gatherColumns, type StepOutputs } from './step/outputs.js';
import { prepareStep, type StepContext } from './step/prepare.js';

/** Examples to measure on, with the reference's view of them. */
export interface EvaluationOptions<E extends EncodedExample = EncodedPair> {
  readonly examples: readonly E[];
  /** Evaluates after every so many steps, and after the last. */
  readonly everySteps: number;
  /** Where `reference` of the training holds numbers of the training examples, those of these; else the same one. */
  readonly reference?: Reference | undefined;
  /** The number that says which evaluation is best: the smallest loss, of the others the largest. Default `eval_loss`. */
  readonly metric?: keyof EvaluationMetrics | undefined;
  /** Ends the run after so many evaluations in a row that were not better than the best before. Default: never. */
  readonly patience?: number | undefined;
  /** By how much an evaluation must be better to count. Default 0. */
  readonly minDelta?: number | undefined;
}

/** The number that says which evaluation is best. */
export function metricOf(evaluation: Pick<EvaluationOptions, 'metric'> | undefined): keyof EvaluationMetrics {
  return evaluation?.metric ?? 'eval_loss';
}

/** Whether an evaluation is better than the best before it. One that is not a number never is. */
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
 * Measures all examples, without an update; what a method prepares is made of all of them. Workers share them evenly.
 * `left` where the signal is aborted meanwhile.
 */
export async function evaluate<E extends EncodedExample>(
  { examples, reference }: Pick<EvaluationOptions<E>, 'examples' | 'reference'>,
  given: Omit<StepContext<E>, 'training'> & {
    readonly compiled: Pick<CompiledSteps, 'evaluate' | 'score'>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<EvaluationMetrics | 'left'> {
  const { method, collective, signal } = given;
  // Workers wait for each other's numbers: none of them leaves alone.
  const compiled = collective.size === 1 && signal !== undefined ? leftAt(signal, given.compiled) : given.compiled;
  const context = { ...given, compiled, reference: reference ?? given.reference, training: false };
  const { examples: own } = await shareOf({ examples }, collective);
  try {
    const { batches, records } = await prepareStep(own, context);
    const outputs: StepOutputs[] = [];
    for (const batch of batches) outputs.push(await compiled.evaluate(batch));
    return evaluationMetrics(metricsOf(await gatherColumns(outputs, collective), method, records));
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return 'left';
    throw error;
  }
}

/** The same functions, which reject with the signal's reason where it is aborted before a call. */
function leftAt(
  signal: AbortSignal,
  { evaluate, score }: Pick<CompiledSteps, 'evaluate' | 'score'>,
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
