import { DpoError, type EncodedExample, type EncodedPair } from '@dpo/base';
import type { Divide, Pack, TrainableModel } from './batch.js';
import { type CheckpointOptions, restoreCheckpoint, saveCheckpoint } from './checkpoint.js';
import type { TrainingState } from './checkpoint-state.js';
import { baselineRecord, type EvaluationOptions, evaluate, isBetter, lookAhead, metricOf } from './evaluation.js';
import type { Method } from './method.js';
import { type EvaluationMetrics, type PairMetrics, type PairValues, pairMetrics, pairValues } from './metrics.js';
import { divideRows, microBatch } from './micro-batches.js';
import type { Optimizer } from './optimizers/types.js';
import type { Reference } from './reference.js';
import { compileSteps } from './step.js';

export interface TrainOptions<Row extends EncodedExample = EncodedPair> {
  /** The policy. Its trainable variables are changed in place. */
  readonly model: TrainableModel;
  /** What is made of the rows. It says what kind of row it takes: KTO's does not take pairs. */
  readonly method: Method<Row>;
  /** log π_ref; `noReference()` for a method that needs none. */
  readonly reference: Reference;
  readonly optimizer: Optimizer;
  /** The learning rate of each step, from 1: see `learningRates`. */
  readonly learningRate: (step: number) => number;
  /** Gradients are scaled down to this global norm; `Infinity` for never. Default 10. */
  readonly maxGradNorm?: number | undefined;
  readonly pairs: readonly Row[];
  /** The rows of `pairs` that step k, from 1, trains on. A function of k alone, so that a resumed run goes on exactly. */
  readonly rowsOfStep: (step: number) => Iterable<number>;
  /** The last step. */
  readonly steps: number;
  readonly pack: Pack;
  /** How a step is divided into micro-batches. Default: equally many rows each. The result does not depend on it. */
  readonly divide?: Divide | undefined;
  /** Micro-batches to a step. Default: as `divide` says, or as few as `microBatchTokens` allows. The result does not depend on it. */
  readonly accumulation?: number | undefined;
  /** Tokens that one forward and backward pass may hold, which bounds memory. Default 2048. */
  readonly microBatchTokens?: number | undefined;
  /**
   * Keeps of each layer its input alone and computes the layer again for its gradient: less than half the memory for long
   * batches, about a third more time, the same numbers. Default false.
   */
  readonly activationCheckpointing?: boolean | undefined;
  readonly evaluation?: EvaluationOptions<Row> | undefined;
  readonly checkpoints?: CheckpointOptions | undefined;
  /** A checkpoint's folder to go on from. The model must be of the shape that it was then; its weights are read. */
  readonly resume?: string | undefined;
  /** Ends the run, evaluated and with a checkpoint as after its last step, once it has taken so many seconds. */
  readonly maxSeconds?: number | undefined;
  /** Is told the numbers of each row of a step, in the order in which they were computed, before the step's record comes. */
  readonly onPairs?: ((step: number, values: PairValues) => void) | undefined;
  /** Aborting ends the run after the step in progress, with a checkpoint where there are checkpoints. */
  readonly signal?: AbortSignal | undefined;
}

/** What is known after a step; `metrics.jsonl` has one to a line. */
export interface StepRecord extends PairMetrics, Partial<EvaluationMetrics> {
  readonly step: number;
  /** How often the data were gone through, as a fraction. */
  readonly epoch: number;
  /** The gradient's global norm before clipping. */
  readonly grad_norm: number;
  readonly learning_rate: number;
  readonly pairs_per_second: number;
  readonly peak_rss_bytes: number;
  /** The gradient was not finite, so that the weights were left as they were. */
  readonly skipped?: true;
  /** The rows of a step that was skipped, to look at. */
  readonly rows?: readonly number[];
  /** This evaluation is the best so far. */
  readonly best?: true;
}

/** Steps in a row without a finite gradient that end a run. */
const HOPELESS = 3;

/**
 * Trains a model on preference pairs. Each iteration is one step, done when its record comes; a checkpoint that is due
 * is written when the next record is asked for, so that the record can be stored before it. Leaving the loop stops the
 * run without a checkpoint; aborting the signal stops it with one.
 *
 *     for await (const { step, loss } of train(options)) console.log(step, loss);
 *
 * @throws DpoError `train.not-finite` after three steps in a row without a finite gradient, with a checkpoint;
 * `checkpoint.mismatch` where `resume` does not fit the model or the optimizer; `train.no-such-row`.
 */
export async function* train<Row extends EncodedExample = EncodedPair>(
  options: TrainOptions<Row>,
): AsyncGenerator<StepRecord, void, undefined> {
  const { model, method, reference, optimizer, pairs, steps, evaluation, checkpoints, signal } = options;
  const deadline = performance.now() + 1000 * (options.maxSeconds ?? Number.POSITIVE_INFINITY);
  const patience = evaluation?.patience ?? Number.POSITIVE_INFINITY;
  const compiled = compileSteps({ ...options, maxGradNorm: options.maxGradNorm ?? 10 });
  let state: TrainingState = { step: 0, updates: 0, skipped: 0, pairs: 0 };
  const save = async () => {
    if (checkpoints !== undefined)
      await saveCheckpoint({ ...checkpoints, state, method, optimizer, compiled, reference });
  };

  try {
    if (options.resume !== undefined)
      state = await restoreCheckpoint(options.resume, { model, optimizer, compiled, reference });

    let over = false;
    while (state.step < steps && !over && (state.stale ?? 0) < patience && !signal?.aborted) {
      const started = performance.now();
      const step = state.step + 1;
      const rows = [...options.rowsOfStep(step)];
      const learningRate = options.learningRate(step);

      const parts = divideRows(rows, options, options.accumulation);
      const { baseline, across } = await lookAhead(compiled, parts, options);
      const batches = parts.map((part, i) => microBatch(part, options, across?.[i]));
      const { outputs, norm } = await compiled.update(batches, learningRate, state.updates + 1, baseline);

      const finite = Number.isFinite(norm);
      await compiled.moveReference(step);
      state = {
        ...state,
        step,
        updates: state.updates + (finite ? 1 : 0),
        skipped: finite ? 0 : state.skipped + 1,
        pairs: state.pairs + rows.length,
      };
      const seconds = (performance.now() - started) / 1000;
      over = performance.now() >= deadline;
      const last = step === steps || over || signal?.aborted === true;
      const evaluated =
        evaluation !== undefined && (last || step % evaluation.everySteps === 0)
          ? await evaluate(compiled, { ...options, ...evaluation, reference: evaluation.reference ?? reference })
          : undefined;
      const best = evaluated !== undefined && isBetter(evaluated, state, evaluation);
      if (evaluated !== undefined)
        state = best
          ? { ...state, best: { step, value: evaluated[metricOf(evaluation)] as number }, stale: 0 }
          : { ...state, stale: (state.stale ?? 0) + 1 };
      over ||= (state.stale ?? 0) >= patience;
      const values = pairValues(outputs, method);
      options.onPairs?.(step, values);
      yield {
        step,
        epoch: state.pairs / pairs.length,
        ...pairMetrics(values, method, pick(parts.flat(), pairs)),
        ...baselineRecord(method, baseline),
        grad_norm: norm,
        learning_rate: learningRate,
        pairs_per_second: rows.length / seconds,
        peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
        ...(finite ? {} : { skipped: true, rows }),
        ...evaluated,
        ...(best ? { best } : {}),
      };

      if (state.skipped >= HOPELESS) {
        await save();
        throw notFinite(step, rows);
      }
      // Aborted may have become true while the record was looked at.
      const due = signal?.aborted || step % (checkpoints?.everySteps ?? Number.POSITIVE_INFINITY) === 0;
      const ended = step === steps || over;
      if ((ended ? checkpoints?.atEnd !== false : due) || (best && checkpoints?.best)) await save();
    }
  } finally {
    compiled.dispose();
  }
}

/** The rows are known to be there: they were packed. */
function pick<Row>(rows: readonly number[], pairs: readonly Row[]): Row[] {
  return rows.map((row) => pairs[row] as Row);
}

function notFinite(step: number, rows: readonly number[]): DpoError {
  return new DpoError('train.not-finite', `The gradient was not finite in ${HOPELESS} steps in a row, up to ${step}.`, {
    values: { step, rows },
    hint: 'Look at these rows, lower the learning rate, or train in float32.',
  });
}
