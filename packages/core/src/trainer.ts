import { DpoError, type EncodedExample, type EncodedPair } from '@dpo/base';
import { alone, anyWorker, type Collective } from '@dpo/engine';
import { peakMemory } from '#peak-memory';
import { type PackingOptions, packerOf } from './batches/packing.js';
import { shareOf } from './batches/share.js';
import type { Batch, BatchSource } from './batches/source.js';
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

/** A training run: what is trained, on what, how, and for how long. */
export interface TrainOptions<E extends EncodedExample = EncodedPair> {
  /** The policy. Its trainable variables are changed in place. */
  readonly model: TrainableModel;
  /** The method, which computes losses from log-probabilities. Its type says which kind of example it takes. */
  readonly method: Method<E>;
  /** The source of log π_ref; `noReference()` for a method that needs none. */
  readonly reference: Reference;
  /** The optimizer, such as `adamw()`. */
  readonly optimizer: Optimizer;
  /** The learning rate of each step, from 1: see `learningRates`. */
  readonly learningRate: (step: number) => number;
  /** Gradients are scaled down to this global norm; `Infinity` never scales. Default 10. */
  readonly maxGradNorm?: number | undefined;
  /** The source of each step's batch: `offlineBatches(examples)`, or a source of one's own. */
  readonly batches: BatchSource<E>;
  /** The last step. */
  readonly steps: number;
  /** How steps are divided into micro-batches, which bounds memory. The division does not change the result. */
  readonly packing?: PackingOptions | undefined;
  /**
   * Recomputation: keeps of each layer only its input and computes the layer again for its gradient. Long batches then take
   * less than half the memory and about a third more time; the numbers are the same. Default false.
   */
  readonly activationCheckpointing?: boolean | undefined;
  /** Held-out examples to measure during the run. Default: none. */
  readonly evaluation?: EvaluationOptions<E> | undefined;
  /** When checkpoints are written, and where. Default: none. */
  readonly checkpoints?: CheckpointOptions | undefined;
  /**
   * The checkpoint to resume from: a name in the store of `checkpoints`, or a folder when there is no store. The model must
   * have the checkpoint's shapes; its weights are replaced by the checkpoint's. Default: a new run.
   */
  readonly resume?: string | undefined;
  /** Ends the run after so many seconds, with an evaluation and a checkpoint as after its last step. Default: never. */
  readonly maxSeconds?: number | undefined;
  /** Is called with a step's losses and the method's columns, over all workers, before the step's record comes. */
  readonly onColumns?: ((step: number, values: StepColumns) => void) | undefined;
  /** Aborting ends the run after the step in progress, with a checkpoint when `checkpoints` are given. */
  readonly signal?: AbortSignal | undefined;
  /** The workers that train together: each gradient is the sum of theirs. Default: this worker alone. */
  readonly collective?: Collective | undefined;
  /**
   * Divides the optimizer's state among the workers (ZeRO, stage 1), if the optimizer has one that can be divided. The numbers are
   * the same, and so are the checkpoints: the worker that saves collects the shares. Default false: all workers keep the whole state.
   */
  readonly shardOptimizer?: boolean | undefined;
}

/** Steps in a row without a finite gradient that end a run. */
const HOPELESS = 3;

/**
 * Trains a model on preferences. Each iteration is one step, which is done when its record comes. A step's checkpoint is
 * written when the loop asks for the next record, so that the caller can store the record before the checkpoint exists. Leaving
 * the loop stops the run without a checkpoint; aborting the signal stops the run with a checkpoint. When the signal cuts an
 * evaluation short, the resumed run evaluates again, and its first record is the record of that step.
 *
 *     for await (const { step, loss } of train(options)) console.log(step, loss);
 *
 * @throws DpoError `train.not-finite` after three steps in a row without a finite gradient, once a checkpoint is written;
 *   `checkpoint.unreadable` when `resume` names no whole checkpoint; `checkpoint.mismatch` when `resume` does not fit the model
 *   or the optimizer; `train.no-such-row` when a batch names an example that does not exist; `train.missing-number` when an
 *   example lacks a number that the method reads; `train.too-few-examples` when a batch has fewer examples than workers;
 *   `model.too-few-positions` when a text is longer than the model reads;
 *   what the source of the batches throws, once a checkpoint of the steps before is written
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
  const save = (isDue = true) =>
    compiled.optimizerState.saving(isDue && store !== undefined, async () => {
      if (store !== undefined) await saveCheckpoint(store, checkpoints ?? {}, { ...owners, state });
    });
  try {
    if (options.resume !== undefined)
      state = await restoreCheckpoint(await openCheckpoint(store, options.resume), owners);
    const context = await openContext(options, compiled);
    // Workers end after the same step: when the signal of one is aborted, all end.
    const isAborted = () => anyWorker(collective, signal?.aborted === true);
    let over = context === undefined || (await isAborted());
    const goesOn = () => state.step < steps && (state.stale ?? 0) < patience;
    while (context !== undefined && !over && (goesOn() || state.unevaluated !== undefined)) {
      const { unevaluated } = state;
      const result = unevaluated ? { state, record: unevaluated } : await takeStep(options, context, state, save);
      state = result.state;
      const { step } = state;
      over = await anyWorker(collective, performance.now() >= deadline);
      const judgement = await judge(options, context, state, step === steps || over || unevaluated !== undefined);
      if (judgement === 'aborted') {
        state = { ...state, unevaluated: result.record };
        await save();
        return;
      }
      state = { ...judgement.state, unevaluated: undefined };
      over ||= (state.stale ?? 0) >= patience;
      if ('values' in result) options.onColumns?.(step, result.values);
      yield { ...result.record, ...judgement.record };

      if (state.skipped >= HOPELESS) {
        await save();
        throw notFinite(step, result.record.rows ?? []);
      }
      const ended = step === steps || over;
      // The caller may have aborted the signal while it had the record.
      over ||= await isAborted();
      const atInterval = over || step % (checkpoints?.everySteps ?? Number.POSITIVE_INFINITY) === 0;
      const atBest = (judgement.record.best && checkpoints?.best) === true;
      const isDue = (ended ? checkpoints?.atEnd !== false : atInterval) || atBest;
      await save(isDue);
      // The other workers are not asked: for workers without checkpoints none is due.
      if (isDue) over ||= collective.size === 1 && signal?.aborted === true;
    }
  } finally {
    compiled.dispose();
  }
}

/** The context of all steps; undefined when the signal was aborted while the packing was planned. */
async function openContext<E extends EncodedExample>(
  options: TrainOptions<E>,
  compiled: CompiledSteps,
): Promise<RunContext<E> | undefined> {
  const { model, method, reference, batches, steps, collective = alone } = options;
  // One of several workers must not leave alone: the others would wait for it.
  const signal = collective.size === 1 ? options.signal : undefined;
  try {
    const pack = await packerOf(batches, { ...options.packing, model, steps, answers: method.answers, signal });
    return { compiled, method, reference, pack, collective, dropping: (model.adapter?.dropout ?? 0) > 0 };
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
}

type RunContext<E extends EncodedExample> = Omit<StepContext<E>, 'training'> & { readonly compiled: CompiledSteps };

/** The result of a step: where the run is now, the step's columns and the step's record. */
interface StepResult {
  readonly state: TrainingState;
  readonly values: StepColumns;
  readonly record: StepRecord;
}

/** One step: its batch, what the method prepares, forward and backward passes, the update, and the record of all workers. */
async function takeStep<E extends EncodedExample>(
  options: TrainOptions<E>,
  context: RunContext<E>,
  before: TrainingState,
  save: () => Promise<void>,
): Promise<StepResult> {
  const { batches, method } = options;
  const { compiled, collective } = context;
  const started = performance.now();
  const step = before.step + 1;
  const learningRate = options.learningRate(step);
  // The other workers may have their batches, and would not lend their shares of the optimizer's state.
  const divided = compiled.optimizerState.shares.size > 0;
  const batch = await batchOf(batches, step, divided ? async () => undefined : save);
  const share = await shareOf(batch, collective);
  const prepared = await prepareStep(share.examples, { ...context, training: true });
  const update = { learningRate, t: before.updates + 1, examples: share.total };
  const { outputs, norm, accepted } = await compiled.update(prepared.batches, update);
  const finite = Number.isFinite(norm);
  await compiled.moveReference(step);
  const values = await gatherColumns(outputs, collective);
  const state = {
    ...before,
    step,
    updates: before.updates + (finite && accepted ? 1 : 0),
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

/** The batch of a step. A source that fails costs no step that was taken: a checkpoint is saved before the error is thrown. */
async function batchOf<E extends EncodedExample>(
  source: BatchSource<E>,
  step: number,
  save: () => Promise<void>,
): Promise<Batch<E>> {
  try {
    return await source.batch(step);
  } catch (error) {
    if (step > 1) await save();
    throw error;
  }
}

/** Where the run is after an evaluation, and what the evaluation adds to the record of its step. */
interface Judgement {
  readonly state: TrainingState;
  readonly record: Pick<StepRecord, 'best'> & Partial<EvaluationMetrics>;
}

/**
 * Evaluates after the steps that have an evaluation, and says whether the evaluation is the best so far. Returns `aborted` when
 * the signal is aborted meanwhile.
 */
async function judge<E extends EncodedExample>(
  { evaluation, signal }: TrainOptions<E>,
  context: RunContext<E>,
  state: TrainingState,
  last: boolean,
): Promise<Judgement | 'aborted'> {
  if (evaluation === undefined || !(last || state.step % evaluation.everySteps === 0)) return { state, record: {} };
  const metrics = await evaluate(evaluation, { ...context, signal });
  if (metrics === 'aborted') return 'aborted';
  if (!isBetter(metrics, state, evaluation))
    return { state: { ...state, stale: (state.stale ?? 0) + 1 }, record: metrics };
  const best = { step: state.step, value: metrics[metricOf(evaluation)] as number };
  return { state: { ...state, best, stale: 0 }, record: { ...metrics, best: true } };
}

function notFinite(step: number, rows: readonly number[]): DpoError {
  return new DpoError('train.not-finite', `The gradient was not finite in ${HOPELESS} steps in a row, up to ${step}.`, {
    values: { step, rows },
    hint: 'Look at these rows, lower the learning rate, or train in float32.',
  });
}
