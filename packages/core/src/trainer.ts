import { DpoError, type EncodedExample, type EncodedPair } from '@dpo/base';
import { alone, anyWorker, type Collective } from '@dpo/engine';
import { peakMemory } from '#peak-memory';
import { type PackingOptions, packerOf } from './batches/packing.js';
import { shareOf } from './batches/share.js';
import type { BatchSource } from './batches/source.js';
import { type CheckpointOptions, openCheckpoint, restoreCheckpoint, saveCheckpoint, storeOf } from './checkpoint.js';
import type { TrainingState } from './checkpoint-state.js';
import { type EvaluationOptions, evaluate, isBetter, metricOf } from './evaluation.js';
import type { Method } from './method.js';
import { type EvaluationMetrics, metricsOf } from './metrics.js';
import type { TrainableModel } from './model.js';
import type { Optimizer } from './optimizers/types.js';
import type { Reference } from './reference.js';
import { type CompiledSteps, compileSteps } from './step/compile-steps.js';
import { gatherColumns, type StepColumns } from './step/outputs.js';
import { prepareStep, type StepContext } from './step/prepare.js';
import type { StepRecord } from './step-record.js';

export type { StepRecord } from './step-record.js';

export interface TrainOptions<E extends EncodedExample = EncodedPair> {
  /** The policy. Its trainable variables are changed in place. */
  readonly model: TrainableModel;
  /** What is made of the examples. It says what kind of example it takes: KTO's does not take pairs. */
  readonly method: Method<E>;
  /** log π_ref; `noReference()` for a method that needs none. */
  readonly reference: Reference;
  readonly optimizer: Optimizer;
  /** The learning rate of each step, from 1: see `learningRates`. */
  readonly learningRate: (step: number) => number;
  /** Gradients are scaled down to this global norm; `Infinity` for never. Default 10. */
  readonly maxGradNorm?: number | undefined;
  /** What each step trains on: `offlineBatches(examples)`, or a source of one's own. */
  readonly batches: BatchSource<E>;
  /** The last step. */
  readonly steps: number;
  /** How steps are divided into micro-batches, which bounds memory. The result does not depend on it. */
  readonly packing?: PackingOptions | undefined;
  /**
   * Keeps of each layer its input alone and computes the layer again for its gradient: less than half the memory for long
   * batches, about a third more time, the same numbers. Default false.
   */
  readonly activationCheckpointing?: boolean | undefined;
  readonly evaluation?: EvaluationOptions<E> | undefined;
  readonly checkpoints?: CheckpointOptions | undefined;
  /**
   * The checkpoint to go on from: a name in the store of `checkpoints`, else a folder. The model must have the checkpoint's
   * shapes; its weights are read.
   */
  readonly resume?: string | undefined;
  /** Ends the run, evaluated and with a checkpoint as after its last step, once it has taken so many seconds. */
  readonly maxSeconds?: number | undefined;
  /** Is told the losses of a step and the method's columns, over all workers, before the step's record comes. */
  readonly onColumns?: ((step: number, values: StepColumns) => void) | undefined;
  /** Aborting ends the run after the step in progress, with a checkpoint where there are checkpoints. */
  readonly signal?: AbortSignal | undefined;
  /** The workers that train together: each gradient is the sum of theirs. Default: this one alone. */
  readonly collective?: Collective | undefined;
}

/** Steps in a row without a finite gradient that end a run. */
const HOPELESS = 3;

/**
 * Trains a model on preferences. Each iteration is one step, done when its record comes; a checkpoint that is due
 * is written when the next record is asked for, so that the record can be stored before it. Leaving the loop stops the
 * run without a checkpoint; aborting the signal stops it with one. An evaluation that is cut short is made again by the
 * resumed run, whose first record is then the one of that step.
 *
 *     for await (const { step, loss } of train(options)) console.log(step, loss);
 *
 * @throws DpoError `train.not-finite` after three steps in a row without a finite gradient, with a checkpoint;
 * `checkpoint.mismatch` when `resume` does not fit the model or the optimizer; `train.no-such-row`
 */
export async function* train<E extends EncodedExample = EncodedPair>(
  options: TrainOptions<E>,
): AsyncGenerator<StepRecord, void, undefined> {
  const { model, method, reference, optimizer, steps, evaluation, checkpoints, signal, collective = alone } = options;
  const deadline = performance.now() + 1000 * (options.maxSeconds ?? Number.POSITIVE_INFINITY);
  const patience = evaluation?.patience ?? Number.POSITIVE_INFINITY;
  const store = storeOf(checkpoints);
  const compiled = compileSteps({ ...options, maxGradNorm: options.maxGradNorm ?? 10 });
  const owners = { model, method, reference, optimizer, compiled, source: options.batches };
  let state: TrainingState = { step: 0, updates: 0, skipped: 0, pairs: 0 };
  const save = async () => {
    if (store !== undefined) await saveCheckpoint(store, checkpoints ?? {}, { ...owners, state });
  };
  try {
    if (options.resume !== undefined)
      state = await restoreCheckpoint(await openCheckpoint(store, options.resume), owners);
    const context = await openContext(options, compiled);
    // Workers leave after the same step: whichever is asked to end, all do.
    const isAsked = () => anyWorker(collective, signal?.aborted === true);
    let over = context === undefined || (await isAsked());
    const goesOn = () => state.step < steps && (state.stale ?? 0) < patience;
    while (context !== undefined && !over && (goesOn() || state.unevaluated !== undefined)) {
      const { unevaluated } = state;
      const taken = unevaluated ? { state, record: unevaluated } : await takeStep(options, context, state);
      state = taken.state;
      const { step } = state;
      over = await anyWorker(collective, performance.now() >= deadline);
      const judged = await judge(options, context, state, step === steps || over || unevaluated !== undefined);
      if (judged === 'left') {
        state = { ...state, unevaluated: taken.record };
        await save();
        return;
      }
      state = { ...judged.state, unevaluated: undefined };
      over ||= (state.stale ?? 0) >= patience;
      if ('values' in taken) options.onColumns?.(step, taken.values);
      yield { ...taken.record, ...judged.record };

      if (state.skipped >= HOPELESS) {
        await save();
        throw notFinite(step, taken.record.rows ?? []);
      }
      const ended = step === steps || over;
      // Aborted may have become true while the record was looked at.
      over ||= await isAsked();
      const checkpointDue = over || step % (checkpoints?.everySteps ?? Number.POSITIVE_INFINITY) === 0;
      if ((ended ? checkpoints?.atEnd !== false : checkpointDue) || (judged.record.best && checkpoints?.best)) {
        await save();
        // Not asked of all: workers without checkpoints are not here.
        over ||= collective.size === 1 && signal?.aborted === true;
      }
    }
  } finally {
    compiled.dispose();
  }
}

/** What all steps are taken with; undefined where the signal was aborted while the run was laid out. */
async function openContext<E extends EncodedExample>(
  options: TrainOptions<E>,
  compiled: CompiledSteps,
): Promise<RunContext<E> | undefined> {
  const { model, method, reference, batches, steps, collective = alone } = options;
  // One worker alone must not leave: the others would wait for it.
  const signal = collective.size === 1 ? options.signal : undefined;
  try {
    const pack = await packerOf(batches, { ...options.packing, steps, answers: method.answers, signal });
    return { compiled, method, reference, pack, collective, dropping: (model.adapter?.dropout ?? 0) > 0 };
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
}

type RunContext<E extends EncodedExample> = Omit<StepContext<E>, 'training'> & { readonly compiled: CompiledSteps };

/** A step that was taken: where the run is now, and what is known of the step. */
interface TakenStep {
  readonly state: TrainingState;
  readonly values: StepColumns;
  readonly record: StepRecord;
}

/** One step: its batch, what the method prepares, forward and backward passes, the update, and the record of all workers. */
async function takeStep<E extends EncodedExample>(
  options: TrainOptions<E>,
  context: RunContext<E>,
  before: TrainingState,
): Promise<TakenStep> {
  const { batches, method } = options;
  const { compiled, collective } = context;
  const started = performance.now();
  const step = before.step + 1;
  const learningRate = options.learningRate(step);
  const batch = await batches.batch(step);
  const share = await shareOf(batch, collective);
  const prepared = await prepareStep(share.examples, { ...context, training: true });
  const update = { learningRate, t: before.updates + 1, examples: share.total };
  const { outputs, norm, made } = await compiled.update(prepared.batches, update);
  const finite = Number.isFinite(norm);
  await compiled.moveReference(step);
  const values = await gatherColumns(outputs, collective);
  const state = {
    ...before,
    step,
    updates: before.updates + (finite && made ? 1 : 0),
    skipped: finite ? 0 : before.skipped + 1,
    pairs: before.pairs + share.total,
  };
  return {
    state,
    values,
    record: {
      step,
      ...(batches.examples === undefined ? {} : { epoch: state.pairs / batches.examples }),
      ...metricsOf(values, method, prepared.records),
      ...batch.records,
      grad_norm: norm,
      learning_rate: learningRate,
      pairs_per_second: (1000 * share.total) / (performance.now() - started),
      peak_rss_bytes: peakMemory(),
      ...(finite ? {} : { skipped: true, rows: share.indices }),
    },
  };
}

/** Where the run is after an evaluation, and what the evaluation adds to the record of its step. */
interface Judged {
  readonly state: TrainingState;
  readonly record: Pick<StepRecord, 'best'> & Partial<EvaluationMetrics>;
}

/** Evaluates where an evaluation is due, and says whether the evaluation is the best so far; `left` where the signal is aborted. */
async function judge<E extends EncodedExample>(
  { evaluation, signal }: TrainOptions<E>,
  context: RunContext<E>,
  state: TrainingState,
  last: boolean,
): Promise<Judged | 'left'> {
  if (evaluation === undefined || !(last || state.step % evaluation.everySteps === 0)) return { state, record: {} };
  const evaluated = await evaluate(evaluation, { ...context, signal });
  if (evaluated === 'left') return 'left';
  if (!isBetter(evaluated, state, evaluation))
    return { state: { ...state, stale: (state.stale ?? 0) + 1 }, record: evaluated };
  const best = { step: state.step, value: evaluated[metricOf(evaluation)] as number };
  return { state: { ...state, best, stale: 0 }, record: { ...evaluated, best: true } };
}

function notFinite(step: number, rows: readonly number[]): DpoError {
  return new DpoError('train.not-finite', `The gradient was not finite in ${HOPELESS} steps in a row, up to ${step}.`, {
    values: { step, rows },
    hint: 'Look at these rows, lower the learning rate, or train in float32.',
  });
}
