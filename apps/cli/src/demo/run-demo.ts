import { stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder, writeFileAtomic } from '@dpo/base/files';
import { adamw, listCheckpoints, methodNamed, offlineBatches, precomputedReference } from '@dpo/core';
import { encodePairs, readPreferences, writePreferences } from '@dpo/data';
import { type Engine, findLibrary, openEngine } from '@dpo/engine';
import { type Evaluation, writeEvaluation, writeReport } from '@dpo/eval';
import { addLora } from '@dpo/models';
import type { RunConfig } from '@dpo/run/command-line';
import {
  type EngineChoice,
  engineSettings,
  findResumption,
  header,
  heldOutOpenings,
  type OpenModel,
  openModel,
  parameterCounts,
  readJsonLines,
  runTraining,
  sampleTexts,
  type TextSample,
  trainOpenings,
} from '@dpo/run/command-line';
import type { Context } from '../command/define.js';
import { installWithProgress } from '../commands/engine.js';
import { version } from '../session/versions.js';
import { evaluateSentiment } from '../tasks/evaluate-sentiment.js';
import { sentimentPairs } from '../tasks/sentiment-pairs.js';
import { findDemoModel } from './find-demo-model.js';
import { type Recipe, recipe } from './recipe.js';
import { makeTinyModel } from './tiny-model.js';

/** What the demo is told. */
export interface DemoOptions extends EngineChoice {
  readonly model?: string | undefined;
  readonly tiny: boolean;
  readonly output: string;
  readonly loraRank?: number | undefined;
  readonly seed: number;
  /** Goes on with an interrupted demo in the folder: what is there is not made again. */
  readonly resume: boolean;
}

/** How the demo ended. */
export type DemoResult =
  | {
      readonly model: string;
      readonly folder: string;
      readonly report: string;
      readonly evaluation: Evaluation;
    }
  /** The training was interrupted; the checkpoint is there where a step was done. */
  | { readonly checkpoint: string | undefined };

/**
 * The paper's controlled-sentiment experiment (section 6.1) on one model: sample, rate, pair, train by DPO, measure. It
 * composes what the packages export and holds no logic of its own; every step leaves a file in the run folder.
 */
export async function runDemo(options: DemoOptions, context: Context): Promise<DemoResult> {
  const { output, seed } = options;
  await provideEngine(options, context);
  const engine = await openEngine(engineSettings(options));
  try {
    context.note(`Engine: ${engine.description}`);
    const steps = recipe({ lora: options.loraRank !== undefined, tiny: options.tiny });
    const name = await chooseModel(engine, options, context);
    await makeFolder(output);
    const base = await openModel(engine, name, context);
    context.note(`Model: ${name}, ${parameterCounts(base.model).parameters.toLocaleString('en')} parameters`);

    const draw = (opened: OpenModel, openings: readonly string[], samples: number, what: string) =>
      sampleTexts(
        opened.model,
        opened.tokenizer,
        openings.map((opening) => header + opening),
        {
          samples,
          maxNewTokens: steps.maxNewTokens,
          temperature: 1,
          seed,
          batchSize: 480,
          signal: context.signal,
          onProgress: (tokens) =>
            context.progress(
              `${what}: ${Math.round((100 * tokens) / (openings.length * samples * steps.maxNewTokens))} %`,
            ),
        },
      );
    await writePrompts(output);
    const drawn = await storedOrDrawn(options, 'samples.jsonl', () =>
      draw(base, trainOpenings, steps.samples, 'Sampling film reviews to compare'),
    );
    const data = join(output, 'pairs.arrow');
    const preferences = sentimentPairs(drawn, header);
    await writePreferences(preferences, data);
    context.note(
      `Data: ${preferences.length} preference pairs from ${drawn.length} samples of ${trainOpenings.length} openings, rated by VADER`,
    );
    const before = await storedOrDrawn(options, 'held-out-before.jsonl', () =>
      draw(base, heldOutOpenings, steps.evaluationSamples, 'Sampling held-out reviews, before'),
    );

    const policy = await withAdapter(base, options);
    const trained = await trainOn(data, policy, { name, options, steps, engine }, context);
    if (trained.interrupted || trained.folder === undefined) return { checkpoint: trained.folder };

    // All weights have moved: the reference is opened once more for the measurement, while the policy draws.
    const adapterOff = policy.model.adapter !== undefined;
    const [after, reference] = await Promise.all([
      draw(policy, heldOutOpenings, steps.evaluationSamples, 'Sampling held-out reviews, after'),
      adapterOff ? policy : openModel(engine, name, { ...context, progress: () => undefined }),
    ]);
    context.progress('Measuring …');
    const evaluation = await evaluateSentiment({
      policy: policy.model,
      reference: reference.model,
      adapterOff,
      tokenizer: base.tokenizer,
      before,
      after,
      header,
      beta: steps.beta,
      signal: context.signal,
    });
    await writeEvaluation(output, evaluation);
    return { model: name, folder: trained.folder, report: await writeReport(output), evaluation };
  } finally {
    await engine.dispose();
  }
}

/** Fetches TensorFlow where it is wanted and missing. Without Python or network the portable engine does the work. */
async function provideEngine(options: DemoOptions, context: Context): Promise<void> {
  if (!['auto', 'tensorflow'].includes(options.engine) || (await findLibrary()) !== undefined) return;
  try {
    await installWithProgress(false, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (options.engine === 'tensorflow') throw error;
    context.note(`${(error as Error).message} The portable engine does the work instead, slower.`);
  }
}

async function chooseModel(engine: Engine, options: DemoOptions, context: Context): Promise<string> {
  if (options.model !== undefined) return options.model;
  if (!options.tiny) return findDemoModel(context);
  const folder = join(options.output, 'base');
  const configStats = await stat(join(folder, 'config.json')).catch(() => undefined);
  return options.resume && configStats !== undefined ? folder : makeTinyModel(engine, folder, options.seed, context);
}

/** Samples, from the run folder where an interrupted demo left them, else drawn and stored there. */
async function storedOrDrawn(
  { output, resume }: DemoOptions,
  name: string,
  draw: () => Promise<TextSample[]>,
): Promise<TextSample[]> {
  const path = join(output, name);
  if (resume && (await stat(path).catch(() => undefined)) !== undefined)
    return (await readJsonLines(path)).map(({ value }) => value as TextSample);
  const samples = await draw();
  await writeSamples(path, samples);
  return samples;
}

async function withAdapter(base: OpenModel, { loraRank, seed }: DemoOptions): Promise<OpenModel> {
  if (loraRank === undefined) return base;
  return { ...base, model: await addLora(base.model, { rank: loraRank, alpha: 2 * loraRank, seed }) };
}

async function trainOn(
  data: string,
  policy: OpenModel,
  { name, options, steps, engine }: { name: string; options: DemoOptions; steps: Recipe; engine: Engine },
  context: Context,
) {
  const dataset = await readPreferences(data);
  const settings = {
    ...steps,
    schedule: 'constant',
    maxGradNorm: 10,
    gradAccumulation: 1,
    shuffle: true,
    seed: options.seed,
  } as const;
  // One pass: repeating pairs memorises them.
  const last = Math.min(steps.steps, Math.floor(dataset.length / steps.batchSize));
  const logps = [...dataset];
  const config: RunConfig = {
    command: 'demo',
    options: { ...settings, loraRank: options.loraRank, method: 'dpo', optimizer: 'adamw' },
    seed: options.seed,
    steps: last,
    model: { name, ...parameterCounts(policy.model) },
    dataset: { path: resolve(data), rows: dataset.length, fingerprint: dataset.fingerprint },
    versions: { dpo: version, node: process.version },
    engine: engine.description,
  };
  return runTraining(
    {
      model: policy.model,
      source: policy.source,
      method: methodNamed('dpo', { beta: steps.beta }),
      reference: precomputedReference({
        chosen: logps.map(({ referenceChosenLogp = Number.NaN }) => referenceChosenLogp),
        rejected: logps.map(({ referenceRejectedLogp = Number.NaN }) => referenceRejectedLogp),
      }),
      optimizer: adamw(),
      batches: offlineBatches(encodePairs(dataset, policy.tokenizer, { eos: false }), settings),
      steps: last,
      settings,
      output: options.output,
      config,
      resume:
        options.resume && (await listCheckpoints(options.output)).length > 0
          ? await findResumption(options.output, undefined, context)
          : undefined,
    },
    context,
  );
}

async function writePrompts(output: string): Promise<void> {
  for (const [name, openings] of [
    ['prompts.jsonl', trainOpenings],
    ['held-out-prompts.jsonl', heldOutOpenings],
  ] as const) {
    const lines = openings.map((opening) => `${JSON.stringify({ prompt: header + opening })}\n`);
    await writeFileAtomic(join(output, name), (path) => writeFile(path, lines.join('')));
  }
}

async function writeSamples(path: string, samples: readonly TextSample[]): Promise<void> {
  await writeFileAtomic(path, (file) => writeFile(file, samples.map((each) => `${JSON.stringify(each)}\n`).join('')));
}
