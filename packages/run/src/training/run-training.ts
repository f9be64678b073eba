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
import type { Drawn } from './draw-held-out.js';
import { type Resumption, setAside } from './resumption.js';
import { runCard } from './run-card.js';
import type { RunConfig } from './run-folder.js';
import { runKey } from './run-identity.js';

/** One training run, everything opened and checked. */
export interface TrainingRun<Row extends EncodedExample = EncodedPair> {
  readonly model: LanguageModel;
  readonly source: ModelFiles;
  readonly method: Method<Row>;
  readonly reference: Reference;
  readonly optimizer: Optimizer;
  readonly batches: BatchSource<Row>;
  readonly steps: number;
  readonly settings: {
    readonly learningRate: number;
    readonly schedule: ScheduleName;
    readonly warmupSteps: number;
    readonly maxGradNorm: number;
    readonly activationCheckpointing?: boolean | undefined;
    readonly gradAccumulation: number;
    readonly saveSteps?: number | undefined;
    readonly keepCheckpoints?: number | undefined;
    readonly loadBest?: boolean | undefined;
    readonly maxTime?: string | undefined;
    readonly tensorboard?: boolean | undefined;
    readonly beta?: number | undefined;
    readonly early?: readonly TrainingWarning[] | undefined;
    readonly rowAt?: ((row: number) => unknown) | undefined;
  };
  readonly evaluation?: EvaluationOptions<Row> | undefined;
  /** Draws answers after a step, where it is due. */
  readonly draw?: ((record: StepRecord) => Promise<Drawn | undefined>) | undefined;
  /** Looks at each record for signs that something is wrong. Default: `watchTraining`. */
  readonly watch?: ((record: StepRecord) => TrainingWarning[]) | undefined;
  readonly output: string;
  /** Adds to the folder of the trained model, when the model has the weights that the folder holds. */
  readonly complete?: ((folder: string) => Promise<void>) | undefined;
  readonly config: RunConfig;
  /** Options that the model card leaves out. */
  readonly aside?: ReadonlySet<string> | undefined;
  readonly resume?: Resumption | undefined;
  /** Where records, drawn answers and warnings go besides the files of the run's folder. */
  readonly sinks?: readonly SinkOrOpener[] | undefined;
  /** The workers that train together, of which the first one alone writes. Default: this one alone. */
  readonly collective?: Collective | undefined;
}

export interface TrainingResult {
  readonly interrupted: boolean;
  readonly records: readonly StepRecord[];
  /**
   * The folder of the trained model; after an interruption, that of the checkpoint where a step was done. Of several workers
   * the first one has it.
   */
  readonly folder: string | undefined;
}

/**
 * Runs the training and keeps its records: `config.json`, `metrics.jsonl`, checkpoints, and at the end `final/`.
 * After an interruption there is a checkpoint, where a step was done, and no `final/`.
 */
export function runTraining<Row extends EncodedExample = EncodedPair>(
  run: TrainingRun<Row>,
  context: RunContext,
): Promise<TrainingResult> {
  return context.finishing(() => trainAndKeep(run, context));
}

async function trainAndKeep<Row extends EncodedExample>(
  run: TrainingRun<Row>,
  context: RunContext,
): Promise<TrainingResult> {
  const { steps, output } = run;
  const leads = (run.collective ?? alone).rank === 0;
  if (run.resume !== undefined && leads) await setAside(run.resume, context);
  if (leads) await writeRunConfig(output, run.config);
  const resumed = run.resume?.state.step ?? 0;
  const allSinks = await openSinks(leads ? sinksOf(run) : [], { folder: output, afterStep: resumed, steps });
  try {
    return await trainWithSink(run, allSinks, context);
  } finally {
    await allSinks.close();
  }
}

/** The files of the run's folder, then whatever the caller gave. */
function sinksOf<Row extends EncodedExample>({ settings, sinks = [] }: TrainingRun<Row>): readonly SinkOrOpener[] {
  const { tensorboard = true, rowAt } = settings;
  return [
    metricsSink,
    ...(tensorboard ? [tensorBoardSink] : []),
    ...(rowAt === undefined ? [] : [skippedRowsSink(rowAt)]),
    warningsSink,
    ...sinks,
  ];
}

async function trainWithSink<Row extends EncodedExample>(
  run: TrainingRun<Row>,
  allSinks: Required<Sink>,
  context: RunContext,
): Promise<TrainingResult> {
  const { model, method, reference, optimizer, evaluation, settings, steps, output, collective = alone } = run;
  const leads = collective.rank === 0;
  const resumed = run.resume?.state.step ?? 0;
  const watch = await watchFrom(run, leads ? resumed : 0);
  for (const warning of settings.early ?? []) await allSinks.warning(warning, resumed > 0);
  const save = (folder: string) => saveTrained(model, run.source, folder);
  const records: StepRecord[] = [];
  let margins: number[] = [];
  let checkpoint: string | undefined;
  for await (const trained of train({
    ...{ model, method, reference, optimizer, steps, evaluation, collective },
    resume: run.resume?.checkpoint,
    learningRate: learningRates({ ...settings, steps }),
    maxGradNorm: settings.maxGradNorm,
    activationCheckpointing: settings.activationCheckpointing,
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
    const drawn = await run.draw?.(trained);
    const record = { ...trained, ...drawn?.metrics };
    records.push(record);
    await allSinks.record(record, { margins });
    if (drawn !== undefined) await allSinks.samples(record.step, drawn.text);
    for (const warning of watch(record)) await allSinks.warning(warning, false);
  }
  // A step whose evaluation is left has no record yet.
  const recorded = records.at(-1)?.step ?? resumed - (run.resume?.state.unevaluated === undefined ? 0 : 1);
  const interrupted = (await anyWorker(collective, context.signal.aborted)) && recorded < steps;
  if (interrupted) return { interrupted, records, folder: checkpoint && resolve(checkpoint) };
  if (!leads) return { interrupted, records, folder: undefined };
  const final = join(output, 'final');
  const card = runCard({
    output,
    config: run.config,
    aside: run.aside ?? new Set(),
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

/** What looks at records for signs that something is wrong. A resumed run is watched as if it had not stopped. */
async function watchFrom<Row extends EncodedExample>(run: TrainingRun<Row>, afterStep: number) {
  const { settings, output } = run;
  const { warmupSteps, beta, rowAt } = settings;
  const batchFile = rowAt && ((step: number) => skippedBatchFile(output, step));
  const watch = run.watch ?? watchTraining({ warmupSteps, beta, batchFile });
  if (afterStep > 0) for (const record of await readMetrics(output)) watch(record as unknown as StepRecord);
  return watch;
}

const unit = { s: 1, m: 60, h: 3600 } as const;

/** The seconds of `90m` and the like. */
function seconds(time: string): number {
  return Number(time.slice(0, -1)) * unit[time.slice(-1) as keyof typeof unit];
}

/** Writes what was trained: an adapter where there is one, else the model. */
async function saveTrained(model: LanguageModel, source: ModelFiles, folder: string, card?: string): Promise<void> {
  if (model.adapter !== undefined) await saveAdapter(model, folder, { source, card });
  else await saveModel(model, folder, { source, card });
}
