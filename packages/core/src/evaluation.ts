import type { EncodedExample, EncodedPair } from '@dpo/base';
import type { Divide, Pack } from './batch.js';
import type { TrainingState } from './checkpoint-state.js';
import type { Baseline, Method } from './method.js';
import { type EvaluationMetrics, evaluationMetrics, pairMetrics, pairValues } from './metrics.js';
import { type BatchSource, baselineBatch, divideRows, microBatch } from './micro-batches.js';
import type { Reference } from './reference.js';
import type { CompiledSteps } from './step.js';

/** Pairs to measure on, with the reference's view of them. */
export interface EvaluationOptions<Row extends EncodedExample = EncodedPair> {
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

interface Evaluated<Row extends EncodedExample> {
  readonly pairs: readonly Row[];
  readonly method: Method<Row>;
  readonly reference: Reference;
  readonly pack: Pack;
  readonly divide?: Divide | undefined;
  readonly microBatchTokens?: number | undefined;
}

/** Measures all rows, without an update; a method's baseline is estimated over all of them. */
export async function evaluate<Row extends EncodedExample>(
  compiled: CompiledSteps,
  options: Evaluated<Row>,
): Promise<EvaluationMetrics> {
  const { pairs, method } = options;
  const parts = divideRows([...pairs.keys()], options);
  const { baseline, across } = await lookAhead(compiled, parts, options);
  const outputs = [];
  for (const [i, rows] of parts.entries())
    outputs.push(await compiled.evaluate(microBatch(rows, options, across?.[i]), baseline));
  const measured = parts.flat().map((row) => pairs[row] as Row);
  const metrics = pairMetrics(pairValues(outputs, method), method, measured);
  return evaluationMetrics({ ...metrics, ...baselineRecord(method, baseline) });
}

/** What a method is told of all rows of a step together, where it asks. */
interface Ahead {
  readonly baseline?: number | undefined;
  /** Numbers of each row of each part. */
  readonly across?: readonly (readonly Readonly<Record<string, number>>[])[] | undefined;
}

/** Computes without a gradient what the method needs to know of all these rows before it sees some of them. */
export async function lookAhead<Row extends EncodedExample>(
  compiled: CompiledSteps,
  parts: readonly (readonly number[])[],
  source: BatchSource<Row>,
): Promise<Ahead> {
  const { baseline, acrossRows } = source.method;
  return {
    baseline: baseline && (await estimateBaseline(compiled, parts, source, baseline)),
    across: acrossRows && (await numbersAcross(compiled, parts, source, acrossRows)),
  };
}

async function estimateBaseline<Row extends EncodedExample>(
  compiled: CompiledSteps,
  parts: readonly (readonly number[])[],
  source: BatchSource<Row>,
  baseline: Baseline<Row>,
): Promise<number> {
  const ratios: number[] = [];
  for (const rows of parts) {
    const { policy, reference } = await compiled.logps(baselineBatch(rows, source, baseline));
    policy.forEach((logps, i) => {
      ratios.push(...logps.map((logp, k) => logp - (reference[i]?.[k] as number)));
    });
  }
  return baseline.estimate(ratios);
}

async function numbersAcross<Row extends EncodedExample>(
  compiled: CompiledSteps,
  parts: readonly (readonly number[])[],
  source: BatchSource<Row>,
  acrossRows: NonNullable<Method<Row>['acrossRows']>,
): Promise<Ahead['across']> {
  // Numbers that rows have from elsewhere are not needed for this.
  const plain = { ...source, method: { ...source.method, numbers: undefined } };
  const seen = [];
  for (const rows of parts) seen.push(await compiled.logps(microBatch(rows, plain)));
  const numbers = acrossRows({
    policy: seen.flatMap(({ policy }) => policy),
    reference: seen.flatMap(({ reference }) => reference),
  });
  const starts = parts.map((_, i) => parts.slice(0, i).reduce((sum, { length }) => sum + length, 0));
  return parts.map(({ length }, i) => numbers.slice(starts[i], (starts[i] as number) + length));
}

/** A baseline under its name, for the records. */
export function baselineRecord<Row extends EncodedExample>(
  { baseline }: Method<Row>,
  value: number | undefined,
): { readonly kl?: number } {
  return baseline === undefined || value === undefined ? {} : { [baseline.name]: value };
}
