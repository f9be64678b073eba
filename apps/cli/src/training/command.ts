import { join, resolve } from 'node:path';
import { DpoError, inPieces } from '@dpo/base';
import { type Method, watchAnswers } from '@dpo/core';
import { openEngine } from '@dpo/engine';
import { writeReport } from '@dpo/eval';
import type { z } from 'zod';
import type { Context } from '../command/define.js';
import { EXIT } from '../command/run.js';
import { engineSettings } from '../options/engine.js';
import type { trainingOptions } from '../options/training.js';
import { clearRun } from '../places/clear-run.js';
import { openRows, withSplit } from '../session/find-data.js';
import { offerEngine } from '../session/offer-engine.js';
import { encodeFor } from '../session/open-data.js';
import { skippedRows } from '../session/skipped-rows.js';
import { version } from '../session/versions.js';
import { duration, short } from '../ui/format.js';
import { shellWord } from '../ui/shell-word.js';
import { checkModels } from './check-models.js';
import type { ReferenceInputs, References } from './dpo-reference.js';
import { type DrawOptions, drawHeldOut } from './draw-held-out.js';
import { isResuming, nothingSavedNote, savedNote } from './interruption.js';
import { openPolicy, optimizerOf, parameterCounts } from './prepare.js';
import { findResumption } from './resumption.js';
import { type EncodedRow, type RowKind, readAnswers, storedFor } from './row-kinds.js';
import { claimRunFolder, type RunConfig } from './run-folder.js';
import { identityOf } from './run-identity.js';
import { runTraining, type TrainingResult } from './run-training.js';
import { checkSameRun } from './same-run.js';
import { rowWarnings } from './watch-rows.js';

type TrainingOptions = z.output<z.ZodObject<typeof trainingOptions>>;

/** What differs between the training commands. */
export interface TrainingCommand<Given, Row extends EncodedRow> {
  readonly name: string;
  readonly options: TrainingOptions;
  /** The kind of row that the data hold. */
  readonly rows: RowKind<Given, Row>;
  readonly method: Method<Row>;
  /** β, where rewards are β (log π − log π_ref). */
  readonly beta?: number | undefined;
  /** Numbers that every row must have. */
  readonly needs?: readonly ('margin' | 'weight')[] | undefined;
  readonly reference: (inputs: ReferenceInputs<Row>) => Promise<References>;
  /** What is drawn at each evaluation. */
  readonly draw?: DrawOptions | undefined;
}

/** A training command from its options to its last line. Returns the exit code. */
export async function runTrainingCommand<Given, Row extends EncodedRow>(
  command: TrainingCommand<Given, Row>,
  context: Context,
): Promise<number> {
  const { options, method, rows: kind } = command;
  checkCombinations(options);
  const resuming = isResuming(options);
  await claimRunFolder(options.output, { resume: resuming, overwrite: options.overwrite });
  const resume = resuming ? await findResumption(options.output, options.resumeFrom, context) : undefined;
  await checkModels(options, 'here', context);
  await offerEngine(options, context);
  const skipped = skippedRows(options.onError);
  const { onError } = skipped;
  const dataset = await openRows(withSplit(options.data, options.split), kind, context, { onError });
  for (const name of command.needs ?? []) await inPieces(checkNumbers(dataset, name), context.signal);
  const fingerprint = await dataset.fingerprintInPieces(context.signal);
  const now = { command: command.name, options, dataset: { fingerprint } };
  if (resume !== undefined) await checkSameRun(options.output, resume, now, context);
  const heldData =
    options.evalData === undefined
      ? undefined
      : await openRows(withSplit(options.evalData, options.evalSplit), kind, context, { onError });
  await checkModels(options, 'hub', context);
  const identity = await identityOf(options, heldData, context);
  if (resume !== undefined) await checkSameRun(options.output, resume, { ...now, identity }, context);

  const engine = await openEngine(engineSettings(options));
  try {
    context.note(`Engine: ${engine.description}`);
    const { model, tokenizer, source } = await openPolicy(engine, options, context);
    const opened = { model, tokenizer };
    const rows = await encodeFor(opened, dataset, kind.encode, options, context, onError);
    const heldRows = heldData && (await encodeFor(opened, heldData, kind.encode, options, context, onError));
    skipped.report(context);
    const counts = parameterCounts(model);
    const batch = options.batchSize * options.gradAccumulation;
    const steps = options.maxSteps ?? Math.ceil((options.epochs * rows.length) / batch);
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
    const stored = storedFor(rows, await kind.stored(dataset, context.signal));
    const watched = { train: rows, held: heldRows, stored, answers: (row: Row) => readAnswers(kind, method, row) };
    const early = await rowWarnings(kind, watched, context.signal);
    const reference = await command.reference({ model, rows, heldRows, stored: stored.logps });
    context.note(
      `Model: ${options.model}, ${counts.parameters.toLocaleString('en')} parameters, ` +
        `${counts.trained.toLocaleString('en')} trained. Data: ${rows.length} ${kind.name}, ${steps} steps of ${batch}.`,
    );
    // Only once all that the new run needs is known to be good.
    if (options.overwrite && resume === undefined) await clearRun(options.output);
    const started = performance.now();
    const result = await runTraining(
      {
        model,
        source,
        method,
        reference: reference.train,
        optimizer: optimizerOf(options),
        examples: rows,
        steps,
        settings: {
          ...options,
          beta: command.beta,
          rowAt: (index) => dataset.at(rows[index]?.row ?? index),
          early: [
            ...early,
            ...watchAnswers(
              rows.flatMap((row) => readAnswers(kind, method, row)),
              options.eos ? tokenizer.endTokenIds : undefined,
            ),
          ],
        },
        evaluation: heldRows && {
          examples: heldRows,
          everySteps: options.evalSteps ?? steps,
          metric: options.evalMetric,
          patience: options.patience,
          minDelta: options.minDelta,
          reference: reference.held,
        },
        draw:
          command.draw && reference.scorer && heldRows
            ? drawHeldOut.bind(undefined, opened, reference.scorer, heldRows, command.draw)
            : undefined,
        output: options.output,
        config,
        resume,
      },
      context,
    );
    const seconds = (performance.now() - started) / 1000;
    return await conclude(command, result, { steps, seconds }, context);
  } finally {
    await engine.dispose();
  }
}

/** Before the model is loaded: a number that is missing would only show when its row's turn comes. */
function* checkNumbers(dataset: Iterable<unknown>, name: 'margin' | 'weight'): Generator<undefined, void> {
  let row = 0;
  for (const values of dataset) {
    if ((values as Readonly<Record<string, unknown>>)[name] === undefined)
      throw new DpoError('train.missing-number', `Row ${row} has no ${name}, which --row-${name}s reads.`, {
        values: { row, name },
        hint: `Give every row a number in the column ${name}, or train without --row-${name}s.`,
      });
    row++;
    yield;
  }
}

function checkCombinations(options: TrainingOptions): void {
  if (options.adapter !== undefined && options.loraRank !== undefined)
    throw new DpoError('cli.usage', '--adapter starts from an adapter, --lora-rank from a new one: give one of them.');
  const { loraAlpha, loraTargets, loraSaveModules, loraDropout, rslora, dora } = options;
  const forNew = { '--lora-alpha': loraAlpha, '--lora-targets': loraTargets, '--lora-save-modules': loraSaveModules };
  const given = { ...forNew, '--lora-dropout': loraDropout > 0 || undefined, '--rslora': rslora || undefined };
  const needing = Object.entries({ ...given, '--dora': dora || undefined }).find(([, value]) => value !== undefined);
  if (options.loraRank === undefined && needing !== undefined)
    throw new DpoError('cli.usage', `${needing[0]} is about a new adapter: it needs --lora-rank.`);
  for (const key of ['patience', 'loadBest'] as const)
    if (options[key] && options.evalData === undefined)
      throw new DpoError('cli.usage', `--${key === 'patience' ? key : 'load-best'} needs --eval-data to judge by.`);
  if (options.loraBRatio !== 1 && options.loraRank === undefined && options.adapter === undefined)
    throw new DpoError('cli.usage', '--lora-b-ratio is about adapters: it needs --lora-rank or --adapter.');
  if (options.momentum > 0 && options.optimizer !== 'sgd')
    throw new DpoError('cli.usage', `--momentum is for sgd, not ${options.optimizer}.`);
}

async function conclude(
  { name, options }: { readonly name: string; readonly options: TrainingOptions },
  { interrupted, records, folder }: TrainingResult,
  { steps, seconds }: { readonly steps: number; readonly seconds: number },
  context: Context,
): Promise<number> {
  if (interrupted || folder === undefined) {
    context.note(folder === undefined ? nothingSavedNote(options) : savedNote(folder));
    return EXIT.interrupted;
  }
  await writeReport(options.output);
  const last = records.at(-1);
  if (last !== undefined) {
    if (last.step < steps) context.note(whyEarly(options, last.step, steps));
    const accuracy = last['rewards/accuracies'];
    context.note(
      `Trained ${last.step} steps in ${duration(seconds)}: loss ${short(last.loss)}` +
        (accuracy === undefined
          ? '.'
          : `, reward margin ${short(last['rewards/margins'])}, accuracy ${accuracy.toFixed(2)}.`),
    );
  }
  context.out(folder);
  context.note(`Report: ${join(resolve(options.output), 'report.html')}`);
  context.note(`Next: ${nextCommand(name, options)}`);
  return EXIT.done;
}

/** A command that runs as it stands, so that it can be copied. */
function nextCommand(name: string, { data, output }: TrainingOptions): string {
  const final = shellWord(join(output, 'final'));
  return name === 'sft'
    ? `dpo train --model ${final} --data ${shellWord(data)} --output ${shellWord(`${output}-dpo`)}`
    : `dpo generate --model ${final} --prompt "A prompt of your own"`;
}

function whyEarly({ maxTime, patience, evalMetric }: TrainingOptions, step: number, steps: number): string {
  const reasons = [
    ...(maxTime === undefined ? [] : [`the time of ${maxTime} was up`]),
    ...(patience === undefined ? [] : [`${evalMetric} was no better in ${patience} evaluations`]),
  ];
  return `Ended after ${step} of ${steps} steps: ${reasons.join(', or ')}.`;
}
