import type { Divide, Pack, TokenPair, TokenRow } from './batch.js';
import type { TrainingState } from './checkpoint.js';
import type { Method } from './method.js';
import { type EvaluationMetrics, evaluationMetrics, pairMetrics, pairValues } from './metrics.js';
import { type BatchSource, baselineBatch, divideRows, microBatch } from './micro-batches.js';
import type { Reference } from './reference.js';
import type { CompiledSteps } from './step.js';

/** Pairs to measure on, with the reference's view of them. */
export interface EvaluationOptions<Row extends TokenRow = TokenPair> {
  readonly pairs: readonly Row[];
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
export function metricOf(evaluation: Pick<EvaluationOptions, 'metric'> | undefined): keyof EvaluationMetrics {
  return evaluation?.metric ?? 'eval_loss';
}

/** Whether an evaluation is better than the best before it. One that is not a number never is. */
export function isBetter(
  now: EvaluationMetrics,
  { best }: TrainingState,
  evaluation: Pick<EvaluationOptions, 'metric' | 'minDelta'> | undefined,
): boolean {
  const metric = metricOf(evaluation);
  const value = now[metric] ?? Number.NaN;
  if (!Number.isFinite(value)) return false;
  if (best === undefined) return true;
  return (metric === 'eval_loss' ? best.value - value : value - best.value) > (evaluation?.minDelta ?? 0);
}

interface Evaluated<Row extends TokenRow> {
  readonly pairs: readonly Row[];
  readonly method: Method<Row>;
  readonly reference: Reference;
  readonly pack: Pack;
  readonly divide?: Divide | undefined;
  readonly microBatchTokens?: number | undefined;
}

/** Measures all rows, without an update; a method's baseline is estimated over all of them. */
export async function evaluate<Row extends TokenRow>(
  compiled: CompiledSteps,
  options: Evaluated<Row>,
): Promise<EvaluationMetrics> {
  const { pairs, method } = options;
  const parts = divideRows([...pairs.keys()], options);
  const baseline = await estimateBaseline(compiled, parts, options);
  const outputs = [];
  for (const rows of parts) outputs.push(await compiled.evaluate(microBatch(rows, options), baseline));
  const measured = parts.flat().map((row) => pairs[row] as Row);
  const metrics = pairMetrics(pairValues(outputs, method), method, measured);
  return evaluationMetrics({ ...metrics, ...baselineRecord(method, baseline) });
}

/** The method's baseline over these rows, or undefined where it has none. */
export async function estimateBaseline<Row extends TokenRow>(
  compiled: CompiledSteps,
  parts: readonly (readonly number[])[],
  source: BatchSource<Row>,
): Promise<number | undefined> {
  const { baseline } = source.method;
  if (baseline === undefined) return undefined;
  const ratios: number[] = [];
  for (const rows of parts) ratios.push(...(await compiled.logRatios(baselineBatch(rows, source, baseline))));
  return baseline.estimate(ratios);
}

/** A baseline under its name, for the records. */
export function baselineRecord<Row extends TokenRow>(
  { baseline }: Method<Row>,
  value: number | undefined,
): { readonly kl?: number } {
  return baseline === undefined || value === undefined ? {} : { [baseline.name]: value };
}
