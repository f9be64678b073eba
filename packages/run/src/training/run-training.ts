import { join, resolve } from 'node:path';
import type { EncodedExample, EncodedPair } from '@dpo/base';
import { writeFolderAtomic } from '@dpo/base/files';
import {
  type BatchSource,
  type EvaluationOptions,
  learningRates,
  type Method,
  type Optimizer,
  type Reference,
  readMetrics,
  type ScheduleName,
  type StepRecord,
  type TrainingWarning,
  train,
  watchTraining,
  writeRunConfig,
} from '@dpo/core';
import { alone, anyWorker, type Collective } from '@dpo/engine';
import { type LanguageModel, type ModelFiles, saveAdapter, saveModel } from '@dpo/models';
import type { RunContext } from '../context.js';
import { openSinks } from '../sinks/open-sinks.js';
import { metricsSink, skippedBatchFile, skippedRowsSink, tensorBoardSink, warningsSink } from '../sinks/run-files.js';
import type { Sink, SinkOrOpener } from '../sinks/sink.js';
import { bestCheckpoint, copyTrained, readTrained } from './best-checkpoint.js';
import type { DrawnAnswers } from './draw-held-out.js';
import { type Resumption, setAside } from './resumption.js';
import { runCard } from './run-card.js';
import type { RunConfig } from './run-folder.js';
import { runKey } from './run-identity.js';

/** A training run of which everything is open and checked. */
export interface TrainingRun<Example extends EncodedExample = EncodedPair> {
  readonly model: LanguageModel;
  readonly source: ModelFiles;
  readonly method: Method<Example>;
  readonly reference: Reference;
  readonly optimizer: Optimizer;
  readonly batches: BatchSource<Example>;
  /** The run's last step. */
  readonly steps: number;
  readonly settings: {
    readonly learningRate: number;
    readonly schedule: ScheduleName;
    readonly warmupSteps: number;
    readonly maxGradNorm: number;
    readonly activationCheckpointing?: boolean | undefined;
    readonly shardOptimizer?: boolean | undefined;
    readonly gradAccumulation: number;
    readonly saveSteps?: number | undefined;
    readonly keepCheckpoints?: number | undefined;
    readonly loadBest?: boolean | undefined;
    readonly maxTime?: string | undefined;
    readonly tensorboard?: boolean | undefined;
    readonly beta?: number | undefined;
    /** Warnings that are known before the first step. */
    readonly earlyWarnings?: readonly TrainingWarning[] | undefined;
    /** The row of the data behind an example, by the example's index. */
    readonly rowAt?: ((row: number) => unknown) | undefined;
  };
  readonly evaluation?: EvaluationOptions<Example> | undefined;
  /** Draws answers after a step; undefined for a step without drawn answers. */
  readonly draw?: ((record: StepRecord) => Promise<DrawnAnswers | undefined>) | undefined;
  /** Looks at each record for signs that something is wrong. Default: `watchTraining`. */
  readonly watch?: ((record: StepRecord) => TrainingWarning[]) | undefined;
  /** The run's folder. */
  readonly output: string;
  /** Adds files to the folder of the trained model. The model has the folder's weights then. */
  readonly complete?: ((folder: string) => Promise<void>) | undefined;
  readonly config: RunConfig;
  /** Options that the model card leaves out. */
  readonly offCard?: ReadonlySet<string> | undefined;
  readonly resume?: Resumption | undefined;
  /** Where records, drawn answers and warnings go besides the files of the run's folder. */
  readonly sinks?: readonly SinkOrOpener[] | undefined;
  /** The workers that train together; the first worker alone writes. Default: this worker alone. */
  readonly collective?: Collective | undefined;
}

/** How a training ended. */
export interface TrainingResult {
  /** Whether the run was ended before its last step. */
  readonly interrupted: boolean;
  /** The records of the steps that were taken, the earliest first. */
  readonly records: readonly StepRecord[];
  /**
   * The folder of the trained model or, after an interruption, of the last checkpoint. Undefined when no step was taken, and for
   * all workers but the first.
   */
  readonly folder: string | undefined;
}

/**
 * Runs the training and writes the run's folder: `config.json`, `metrics.jsonl`, checkpoints, and at the end `final/`.
 * After an interruption the folder holds a checkpoint, if a step was taken, and no `final/`.
 *
 * @throws DpoError the errors of `train`, of sinks, and of files
 */
export function runTraining<Example extends EncodedExample = EncodedPair>(
  run: TrainingRun<Example>,
  context: RunContext,
): Promise<TrainingResult> {
  return context.finishing(() => trainAndKeep(run, context));
}

async function trainAndKeep<Example extends EncodedExample>(
  run: TrainingRun<Example>,
  context: RunContext,
): Promise<TrainingResult> {
  const { steps, output } = run;
  const leads = (run.collective ?? alone).rank === 0;
  if (run.resume !== undefined && leads) await setAside(run.resume, context);
  if (leads) await writeRunConfig(output, run.config);
  const afterStep = run.resume?.state.step ?? 0;
  const sink = await openSinks(leads ? sinksOf(run) : [], { folder: output, afterStep, steps });
  try {
    return await trainWithSink(run, sink, context);
  } finally {
    await sink.close();
  }
}

/** The sinks that write the run's folder, then the caller's sinks. */
function sinksOf<Example extends EncodedExample>({
  settings,
  sinks = [],
}: TrainingRun<Example>): readonly SinkOrOpener[] {
  const { tensorboard = true, rowAt } = settings;
  return [
    metricsSink,
    ...(tensorboard ? [tensorBoardSink] : []),
    ...(rowAt === undefined ? [] : [skippedRowsSink(rowAt)]),
    warningsSink,
    ...sinks,
  ];
}

async function trainWithSink<Example extends EncodedExample>(
  run: TrainingRun<Example>,
  sink: Required<Sink>,
  context: RunContext,
): Promise<TrainingResult> {
  const { model, method, reference, optimizer, evaluation, settings, steps, output, collective = alone } = run;
  const leads = collective.rank === 0;
  const afterStep = run.resume?.state.step ?? 0;
  const watch = await watchFrom(run, leads ? afterStep : 0);
  for (const warning of settings.earlyWarnings ?? []) await sink.warning(warning, afterStep > 0);
  const save = (folder: string) => saveTrained(model, run.source, folder);
  const records: StepRecord[] = [];
  let margins: number[] = [];
  let checkpoint: string | undefined;
  for await (const stepRecord of train({
    ...{ model, method, reference, optimizer, steps, evaluation, collective },
    resume: run.resume?.checkpoint,
    learningRate: learningRates({ ...settings, steps }),
    maxGradNorm: settings.maxGradNorm,
    activationCheckpointing: settings.activationCheckpointing,
    shardOptimizer: settings.shardOptimizer,
    batches: run.batches,
    packing: { microBatches: settings.gradAccumulation > 1 ? settings.gradAccumulation : undefined },
    checkpoints: leads
      ? {
          folder: output,
          everySteps: settings.saveSteps,
          atEnd: settings.saveSteps !== undefined,
          best: settings.loadBest,
          keep: settings.keepCheckpoints ?? 2,
          saveModel: save,
          config: run.config.options,
          run: run.config.identity && runKey({ ...run.config, identity: run.config.identity }),
          onSaved: (path) => {
            checkpoint = path;
          },
        }
      : undefined,
    maxSeconds: settings.maxTime === undefined ? undefined : seconds(settings.maxTime),
    onColumns: (_, { columns }) => {
      const { 'rewards/chosen': chosen = [], 'rewards/rejected': rejected = [] } = columns;
      margins = chosen.map((reward, i) => reward - (rejected[i] ?? 0));
    },
    signal: context.signal,
  })) {
    const answers = await run.draw?.(stepRecord);
    const record = { ...stepRecord, ...answers?.metrics };
    records.push(record);
    await sink.record(record, { margins });
    if (answers !== undefined) await sink.samples(record.step, answers.text);
    for (const warning of watch(record)) await sink.warning(warning, false);
  }
  // A step whose evaluation was interrupted has no record yet.
  const lastRecorded = records.at(-1)?.step ?? afterStep - (run.resume?.state.unevaluated === undefined ? 0 : 1);
  const interrupted = (await anyWorker(collective, context.signal.aborted)) && lastRecorded < steps;
  if (interrupted) return { interrupted, records, folder: checkpoint && resolve(checkpoint) };
  if (!leads) return { interrupted, records, folder: undefined };
  const final = join(output, 'final');
  const card = runCard({
    output,
    config: run.config,
    offCard: run.offCard ?? new Set(),
    adapter: model.adapter !== undefined,
    records,
  });
  const best = settings.loadBest ? await bestCheckpoint(output) : undefined;
  if (best !== undefined && run.complete !== undefined) await readTrained(best, model);
  await writeFolderAtomic(final, 'model', async (folder) => {
    if (best === undefined) await saveTrained(model, run.source, folder, card);
    else await copyTrained(best, folder, card);
    await run.complete?.(folder);
  });
  return { interrupted, records, folder: resolve(final) };
}

/** The watch for signs that something is wrong. A resumed run's watch first sees the records from before the resumption. */
async function watchFrom<Example extends EncodedExample>(run: TrainingRun<Example>, afterStep: number) {
  const { settings, output } = run;
  const { warmupSteps, beta, rowAt } = settings;
  const batchFile = rowAt && ((step: number) => skippedBatchFile(output, step));
  const watch = run.watch ?? watchTraining({ warmupSteps, beta, batchFile });
  if (afterStep > 0) for (const record of await readMetrics(output)) watch(record as unknown as StepRecord);
  return watch;
}

const unit = { s: 1, m: 60, h: 3600 } as const;

/** The seconds of a time such as `90m`. */
function seconds(time: string): number {
  return Number(time.slice(0, -1)) * unit[time.slice(-1) as keyof typeof unit];
}

/** Writes the adapter that was trained or, without an adapter, the model. */
async function saveTrained(model: LanguageModel, source: ModelFiles, folder: string, card?: string): Promise<void> {
  if (model.adapter !== undefined) await saveAdapter(model, folder, { source, card });
  else await saveModel(model, folder, { source, card });
}
