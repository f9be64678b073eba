import { resolve } from 'node:path';
import { DpoError } from '@dpo/base';
import { checkShares, type Method, offlineBatches, type StepRecord, watchAnswers } from '@dpo/core';
import { type Cluster, type Engine, openEngine } from '@dpo/engine';
import { writeReport } from '@dpo/eval';
import type { LanguageModel } from '@dpo/models';
import type { z } from 'zod';
import type { RunContext } from '../context.js';
import { openRows, withSplit } from '../inputs/find-data.js';
import { encodeFor } from '../inputs/open-data.js';
import { checkOpens, type OpenModel } from '../inputs/open-model.js';
import { skippedRows } from '../inputs/skipped-rows.js';
import { engineSettings } from '../options/engine-options.js';
import { optionsOf } from '../options/schema.js';
import type { trainingOptions } from '../options/training-options.js';
import { clearRun } from '../places/clear-run.js';
import type { SinkOrOpener } from '../sinks/sink.js';
import { joinWorkers, leaveWorkers } from '../workers/join-workers.js';
import { workFacts } from '../workers/work-facts.js';
import { checkModels, type ModelCheck } from './check-models.js';
import type { ReferenceInputs, References } from './dpo-reference.js';
import { type DrawOptions, drawHeldOut } from './draw-held-out.js';
import { openPolicy, optimizerOf, parameterCounts } from './prepare.js';
import { findResumption } from './resumption.js';
import { type DataExample, type RowKind, readAnswers } from './row-kinds.js';
import { claimRunFolder, type RunConfig } from './run-folder.js';
import { identityOf } from './run-identity.js';
import { runTraining, type TrainingResult } from './run-training.js';
import { checkSameRun } from './same-run.js';
import { version } from './version.js';
import { watchRows } from './watch-rows.js';

type TrainingOptions = z.output<z.ZodObject<typeof trainingOptions>>;

/** What differs between the training commands. */
export interface RowsRun<Row, Example extends DataExample> {
  /** The command's name. */
  readonly name: string;
  readonly schema: z.ZodObject;
  readonly options: TrainingOptions;
  /** The kind of rows in the data. */
  readonly rows: RowKind<Row, Example>;
  readonly method: Method<Example>;
  /** β of rewards β (log π − log π_ref). Undefined for other rewards. */
  readonly beta?: number | undefined;
  /** Numbers that every row must have. */
  readonly needs?: readonly ('margin' | 'weight')[] | undefined;
  /** Opens the reference. */
  readonly reference: (inputs: ReferenceInputs<Example>) => Promise<References>;
  /** How held-out prompts are answered at each evaluation. Default: no prompt is. */
  readonly draw?: DrawOptions | undefined;
  /** The kind of model that is trained. Default: language models. */
  readonly models?: ModelKind<Example> | undefined;
}

/** A model at the end of its training. */
interface TrainedModel<Example extends DataExample> {
  readonly model: LanguageModel;
  /** The held-out examples, if there are any, else the examples of training. */
  readonly examples: readonly Example[];
  readonly context: RunContext;
}

/** A kind of model that can be trained: how models are checked and opened, and what their folders hold besides weights. */
export interface ModelKind<Example extends DataExample> {
  /** Throws what `open` would throw about a model's files, without an engine. */
  readonly check: ModelCheck;
  /** Opens the model to train, with the adapter that the options ask for. */
  open(engine: Engine, options: TrainingOptions, context: RunContext): Promise<OpenModel>;
  /** Adds files to the trained model's folder. */
  complete?(trained: TrainedModel<Example>, folder: string): Promise<void>;
}

/** How a run ended. */
export interface RunResult extends TrainingResult {
  /** The last step that the run was to take. */
  readonly steps: number;
  /** How long the training took, in seconds. */
  readonly seconds: number;
}

/**
 * A training run on rows of one kind, from its options to its report. The caller has locked the run's folder (`holdOutputs`).
 *
 * @throws DpoError `run.…` for the folder and for a run that cannot be resumed; the errors of models, data and workers
 */
export async function runRows<Row, Example extends DataExample>(
  command: RowsRun<Row, Example>,
  sinks: readonly SinkOrOpener[],
  context: RunContext & {
    readonly beforeData?: (() => Promise<void>) | undefined;
    readonly cluster?: Cluster | undefined;
  },
): Promise<RunResult> {
  const { options, method, rows: kind } = command;
  const { cluster } = context;
  const leads = (cluster?.rank ?? 0) === 0;
  const resuming = options.resume || options.resumeFrom !== undefined;
  await claimRunFolder(options.output, { resume: resuming, overwrite: options.overwrite });
  const resume = resuming ? await findResumption(options.output, options.resumeFrom, context) : undefined;
  const models = command.models ?? { check: checkOpens, open: openPolicy };
  await checkModels(options, 'here', context, models.check);
  await context.beforeData?.();
  const skips = skippedRows(options.onError);
  const { onError } = skips;
  const readOptions = { onError, fingerprint: true };
  const onRow = (row: unknown, number: number) => {
    for (const name of command.needs ?? []) checkNumber(row, number, name);
  };
  const dataset = await openRows(withSplit(options.data, options.split), kind, context, { ...readOptions, onRow });
  const fingerprint = await dataset.fingerprintInPieces(context.signal);
  const table = optionsOf(command.schema);
  const now = { command: command.name, table, options, dataset: { fingerprint } };
  if (resume !== undefined) await checkSameRun(options.output, resume, now, context);
  const heldOutData =
    options.evalData === undefined
      ? undefined
      : await openRows(withSplit(options.evalData, options.evalSplit), kind, context, readOptions);
  await checkModels(options, 'hub', context, models.check);
  const identity = await identityOf(options, heldOutData, context);
  if (resume !== undefined) await checkSameRun(options.output, resume, { ...now, identity }, context);

  const engine = await openEngine({ ...engineSettings(options, context), cluster });
  try {
    context.note(`Engine: ${engine.description}`);
    const collective = await joinWorkers(
      engine,
      cluster,
      () => ({
        ...workFacts(command.name, table, options, engine),
        ...{ 'the data': fingerprint, 'the models': identity.files, 'the held-out data': identity.heldOut },
        'the checkpoint to go on from': resume?.state.step,
      }),
      context,
    );
    const { model, tokenizer, source } = await models.open(engine, options, context);
    const parts = { model, tokenizer };
    const examples = await encodeFor(parts, dataset, kind.encode, options, context, onError);
    const heldOut = heldOutData && (await encodeFor(parts, heldOutData, kind.encode, options, context, onError));
    skips.report(context);
    const counts = parameterCounts(model);
    const batch = options.batchSize * options.gradAccumulation;
    const steps = options.maxSteps ?? Math.ceil((options.epochs * examples.length) / batch);
    // Batches wrap around the data, so that each step has as many examples as the options say.
    checkShares(batch, collective.size);
    if (heldOut !== undefined) checkShares(heldOut.length, collective.size);
    const config: RunConfig = {
      command: command.name,
      options: { ...options },
      seed: options.seed,
      steps,
      model: { name: options.model, ...counts },
      dataset: { path: resolve(options.data), rows: dataset.length, fingerprint },
      versions: { dpo: version, node: process.version },
      engine: engine.description,
      identity,
    };
    const givenReference = kind.referenceOf(examples);
    const answers = (example: Example) => readAnswers(kind, method, example);
    const rowWarnings = await watchRows(kind, { examples, heldOut, givenReference, answers }, context.signal);
    const reference = await command.reference({ model, examples, heldOut, givenLogps: givenReference.logps });
    context.note(
      `Model: ${options.model}, ${counts.parameters.toLocaleString('en')} parameters, ` +
        `${counts.trained.toLocaleString('en')} trained. Data: ${examples.length} ${kind.name}, ${steps} steps of ${batch}.`,
    );
    // The old run is removed only when everything that the new run needs is known to be good.
    if (options.overwrite && resume === undefined && leads) await clearRun(options.output);
    const start = performance.now();
    const result = await runTraining(
      {
        model,
        source,
        method,
        reference: reference.train,
        optimizer: optimizerOf(options),
        batches: offlineBatches(examples, { batchSize: batch, shuffle: options.shuffle, seed: options.seed }),
        steps,
        settings: {
          ...options,
          beta: command.beta,
          rowAt: (index) => dataset.at(examples[index]?.row ?? index),
          earlyWarnings: [
            ...rowWarnings,
            ...watchAnswers(examples.flatMap(answers), options.eos ? tokenizer.endTokenIds : undefined),
          ],
        },
        evaluation: heldOut && {
          examples: heldOut,
          everySteps: options.evalSteps ?? steps,
          metric: options.evalMetric,
          patience: options.patience,
          minDelta: options.minDelta,
          reference: reference.heldOut,
        },
        draw:
          command.draw && reference.scorer && heldOut
            ? atEvaluations(drawHeldOut.bind(undefined, parts, reference.scorer, heldOut, command.draw))
            : undefined,
        output: options.output,
        complete: models.complete?.bind(undefined, { model, examples: heldOut ?? examples, context }),
        config,
        offCard: new Set(table.filter(({ onCard }) => !onCard).map(({ key }) => key)),
        resume,
        sinks,
        collective,
      },
      context,
    );
    await leaveWorkers(collective);
    const seconds = (performance.now() - start) / 1000;
    if (!result.interrupted && result.folder !== undefined && leads) await writeReport(options.output);
    return { ...result, steps, seconds };
  } finally {
    await engine.dispose();
  }
}

/** Draws after each step that was evaluated. */
function atEvaluations<Result>(draw: () => Promise<Result>): (record: StepRecord) => Promise<Result | undefined> {
  return async ({ eval_loss: loss }) => (loss === undefined ? undefined : draw());
}

/** Checks a number while the data are read: later, a missing number would show only when training reaches the row. */
function checkNumber(values: unknown, row: number, name: 'margin' | 'weight'): void {
  if (Reflect.get(Object(values), name) !== undefined) return;
  throw new DpoError('train.missing-number', `Row ${row} has no ${name}, which --row-${name}s reads.`, {
    values: { row, name },
    hint: `Give every row a number in the column ${name}, or train without --row-${name}s.`,
  });
}
