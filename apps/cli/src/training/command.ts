import { join, resolve } from 'node:path';
import { DpoError } from '@dpo/base';
import { type Method, watchAnswers } from '@dpo/core';
import { openEngine } from '@dpo/engine';
import { writeReport } from '@dpo/eval';
import type { z } from 'zod';
import type { Context } from '../command/define.js';
import { EXIT } from '../command/run.js';
import { engineSettings } from '../options/engine.js';
import type { trainingOptions } from '../options/training.js';
import { openData } from '../session/find-data.js';
import { encodeFor } from '../session/open-data.js';
import { version } from '../session/versions.js';
import { duration, short } from '../ui/format.js';
import type { ReferenceInputs, References } from './dpo-reference.js';
import { openPolicy, optimizerOf, parameterCounts } from './prepare.js';
import { checkSameRun, claimRunFolder, type RunConfig } from './run-folder.js';
import { runTraining, type TrainingResult } from './run-training.js';

type TrainingOptions = z.output<z.ZodObject<typeof trainingOptions>>;

/** What differs between the training commands. */
export interface TrainingCommand {
  readonly name: string;
  readonly options: TrainingOptions;
  readonly method: Method;
  /** β, where rewards are β (log π − log π_ref). */
  readonly beta?: number | undefined;
  readonly reference: (inputs: ReferenceInputs) => Promise<References>;
}

/** A training command from its options to its last line. Returns the exit code. */
export async function runTrainingCommand(command: TrainingCommand, context: Context): Promise<number> {
  const { options, method } = command;
  checkCombinations(options);
  const resume = await claimRunFolder(options.output, options);
  const dataset = await openData(options.data, context);
  const { fingerprint } = dataset;
  if (resume !== undefined) await checkSameRun(options.output, { options, dataset: { fingerprint } });
  const heldData = options.evalData === undefined ? undefined : await openData(options.evalData, context);

  const engine = await openEngine(engineSettings(options));
  try {
    context.note(`Engine: ${engine.description}`);
    const { model, tokenizer, source } = await openPolicy(engine, options, context);
    const pairs = encodeFor(model, tokenizer, dataset, options, context);
    const heldPairs = heldData && encodeFor(model, tokenizer, heldData, options, context);
    const counts = parameterCounts(model);
    const batch = options.batchSize * options.gradAccumulation;
    const steps = options.maxSteps ?? Math.ceil((options.epochs * pairs.length) / batch);
    const config: RunConfig = {
      command: command.name,
      options: { ...options },
      seed: options.seed,
      steps,
      model: { name: options.model, ...counts },
      dataset: { path: resolve(options.data), rows: dataset.length, fingerprint },
      versions: { dpo: version, node: process.version },
      engine: engine.description,
    };
    const reference = await command.reference({ model, dataset, pairs, heldPairs });
    context.note(
      `Model: ${options.model}, ${counts.parameters.toLocaleString('en')} parameters, ` +
        `${counts.trained.toLocaleString('en')} trained. Data: ${pairs.length} pairs, ${steps} steps of ${batch}.`,
    );
    const started = performance.now();
    const result = await runTraining(
      {
        model,
        source,
        method,
        reference: reference.train,
        optimizer: optimizerOf(options),
        pairs,
        steps,
        settings: {
          ...options,
          beta: command.beta,
          early: watchAnswers(pairs, { sides: method.sides, end: options.eos ? tokenizer.eosTokenId : undefined }),
        },
        evaluation: heldPairs && {
          pairs: heldPairs,
          everySteps: options.evalSteps ?? steps,
          metric: options.evalMetric,
          patience: options.patience,
          minDelta: options.minDelta,
          reference: reference.held,
        },
        output: options.output,
        config,
        resume,
      },
      context,
    );
    return await conclude(command, result, { steps, seconds: (performance.now() - started) / 1000 }, context);
  } finally {
    await engine.dispose();
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
  { name, options }: TrainingCommand,
  { interrupted, records, folder }: TrainingResult,
  { steps, seconds }: { readonly steps: number; readonly seconds: number },
  context: Context,
): Promise<number> {
  if (interrupted) {
    context.note(`Interrupted. Saved ${folder}. Go on with the same command and --resume.`);
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
  context.note(`Next: dpo ${name === 'sft' ? 'train' : 'generate'} --model ${join(options.output, 'final')} …`);
  return EXIT.done;
}

function whyEarly({ maxTime, patience, evalMetric }: TrainingOptions, step: number, steps: number): string {
  const reasons = [
    ...(maxTime === undefined ? [] : [`the time of ${maxTime} was up`]),
    ...(patience === undefined ? [] : [`${evalMetric} was no better in ${patience} evaluations`]),
  ];
  return `Ended after ${step} of ${steps} steps: ${reasons.join(', or ')}.`;
}
