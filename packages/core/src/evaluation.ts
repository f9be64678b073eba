import type { Pack, TokenPair } from './batch.js';
import type { TrainingState } from './checkpoint.js';
import type { Method } from './method.js';
import { type EvaluationMetrics, evaluationMetrics, pairMetrics, pairValues } from './metrics.js';
import { microBatch, rowsPerMicroBatch, split } from './micro-batches.js';
import type { Reference } from './reference.js';
import type { CompiledSteps } from './step.js';

/** Pairs to measure on, with the reference's view of them. */
export interface EvaluationOptions {
  readonly pairs: readonly TokenPair[];
  /** Evaluates after every so many steps, and after the last. */
  readonly everySteps: number;
  /** Where `reference` of the training holds numbers of the training rows, those of these rows; else the same one. */
  readonly reference?: Reference | undefined;
  /** The number that says which evaluation is best: the smallest loss, of the others the largest. Default `eval_loss`. */
  readonly metric?: keyof EvaluationMetrics | undefined;
  /** Ends the run after so many evaluations in a row that were not better than the best before. Default: never. */
  readonly patience?: number | undefined;
  /** By how much an evaluation must be better to count. Default 0. */
  readonly minDelta?: number | undefined;
}

/** The number that says which evaluation is best. */
export function metricOf(evaluation: EvaluationOptions | undefined): keyof EvaluationMetrics {
  return evaluation?.metric ?? 'eval_loss';
}

/** Whether an evaluation is better than the best before it. One that is not a number never is. */
export function isBetter(
  now: EvaluationMetrics,
  { best }: TrainingState,
  evaluation: EvaluationOptions | undefined,
): boolean {
  const metric = metricOf(evaluation);
  const value = now[metric] ?? Number.NaN;
  if (!Number.isFinite(value)) return false;
  if (best === undefined) return true;
  return (metric === 'eval_loss' ? best.value - value : value - best.value) > (evaluation?.minDelta ?? 0);
}

interface Evaluated {
  readonly pairs: readonly TokenPair[];
  readonly method: Method;
  readonly reference: Reference;
  readonly pack: Pack;
  readonly microBatchTokens?: number | undefined;
}

/** Measures all pairs, without an update. */
export async function evaluate(compiled: CompiledSteps, options: Evaluated): Promise<EvaluationMetrics> {
  const { pairs, method, microBatchTokens = 2048 } = options;
  const parts = Math.ceil(pairs.length / rowsPerMicroBatch(pairs, method, microBatchTokens));
  const outputs = [];
  for (const rows of split([...pairs.keys()], parts)) outputs.push(await compiled.evaluate(microBatch(rows, options)));
  return evaluationMetrics(pairMetrics(pairValues(outputs, method), method, pairs));
}
