import { join, resolve } from 'node:path';
import type { EncodedExample, EncodedPair } from '@dpo/base';
import { writeFolderAtomic } from '@dpo/base/files';
import {
  type EvaluationOptions,
  learningRates,
  type Method,
  type Optimizer,
  offlineBatches,
  openMetrics,
  type Reference,
  type ScheduleName,
  type StepRecord,
  type TrainingWarning,
  train,
  writeRunConfig,
} from '@dpo/core';
import { type LanguageModel, type ModelFiles, saveAdapter, saveModel } from '@dpo/models';
import type { Context } from '../command/define.js';
import { bestCheckpoint, copyTrained } from './best-checkpoint.js';
import type { Drawn } from './draw-held-out.js';
import { progressLine } from './progress.js';
import { type Resumption, setAside } from './resumption.js';
import { runCard } from './run-card.js';
import type { RunConfig } from './run-folder.js';
import { runKey } from './run-identity.js';
import { openWatch } from './watch.js';

/** One training run, everything opened and checked. */
export interface TrainingRun<Row extends EncodedExample = EncodedPair> {
  readonly model: LanguageModel;
  readonly source: ModelFiles;
  readonly method: Method<Row>;
  readonly reference: Reference;
  readonly optimizer: Optimizer;
  readonly examples: readonly Row[];
  readonly steps: number;
  readonly settings: {
    readonly learningRate: number;
    readonly schedule: ScheduleName;
    readonly warmupSteps: number;
    readonly maxGradNorm: number;
    readonly activationCheckpointing?: boolean | undefined;
    readonly batchSize: number;
    readonly gradAccumulation: number;
    readonly shuffle: boolean;
    readonly seed: number;
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
  /** Draws answers at each evaluation. */
  readonly draw?: (() => Promise<Drawn | undefined>) | undefined;
  readonly output: string;
  readonly config: RunConfig;
  readonly resume?: Resumption | undefined;
}

export interface TrainingResult {
  readonly interrupted: boolean;
  readonly records: readonly StepRecord[];
  /** The folder of the trained model; after an interruption, that of the checkpoint where a step was done. */
  readonly folder: string | undefined;
}

/**
 * Runs the training and keeps its records: `config.json`, `metrics.jsonl`, checkpoints, and at the end `final/`.
 * After an interruption there is a checkpoint, where a step was done, and no `final/`.
 */
export function runTraining<Row extends EncodedExample = EncodedPair>(
  run: TrainingRun<Row>,
  context: Context,
): Promise<TrainingResult> {
  return context.finishing(() => trainAndKeep(run, context));
}

async function trainAndKeep<Row extends EncodedExample>(
  run: TrainingRun<Row>,
  context: Context,
): Promise<TrainingResult> {
  const { model, settings, steps, output } = run;
  if (run.resume !== undefined) await setAside(run.resume, context);
  await writeRunConfig(output, run.config);
  const resumed = run.resume?.state.step ?? 0;
  const metrics = await openMetrics(output, resumed);
  const save = (folder: string) => saveTrained(model, run.source, folder);
  const watched = await openWatch(output, resumed, settings, context);
  const records: StepRecord[] = [];
  let margins: number[] = [];
  let checkpoint: string | undefined;
  const started = performance.now();
  for await (const trained of train({
    ...run,
    resume: run.resume?.checkpoint,
    learningRate: learningRates({ ...settings, steps }),
    maxGradNorm: settings.maxGradNorm,
    activationCheckpointing: settings.activationCheckpointing,
    batches: offlineBatches(run.examples, {
      batchSize: settings.batchSize * settings.gradAccumulation,
      shuffle: settings.shuffle,
      seed: settings.seed,
    }),
    packing: { microBatches: settings.gradAccumulation > 1 ? settings.gradAccumulation : undefined },
    checkpoints: {
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
    },
    maxSeconds: settings.maxTime === undefined ? undefined : seconds(settings.maxTime),
    onColumns: (_, { columns }) => {
      const { 'rewards/chosen': chosen = [], 'rewards/rejected': rejected = [] } = columns;
      margins = chosen.map((reward, i) => reward - (rejected[i] ?? 0));
    },
    signal: context.signal,
  })) {
    const drawn = trained.eval_loss === undefined ? undefined : await run.draw?.();
    const record = { ...trained, ...drawn?.metrics };
    records.push(record);
    await metrics.append(record);
    await watched(record, margins, drawn?.text);
    const perStep = (performance.now() - started) / 1000 / records.length;
    context.progress(progressLine(record, steps, perStep));
  }
  const interrupted = context.signal.aborted && (records.at(-1)?.step ?? resumed) < steps;
  if (interrupted) return { interrupted, records, folder: checkpoint && resolve(checkpoint) };
  const final = join(output, 'final');
  const card = runCard({ output, config: run.config, adapter: model.adapter !== undefined, records });
  const best = settings.loadBest ? await bestCheckpoint(output) : undefined;
  await writeFolderAtomic(final, 'model', (folder) =>
    best === undefined ? saveTrained(model, run.source, folder, card) : copyTrained(best, folder, card),
  );
  return { interrupted, records, folder: resolve(final) };
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
