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

/** The options of the demo. */
export interface DemoOptions extends EngineChoice {
  /** Default: SmolLM2-135M-Instruct. */
  readonly model?: string | undefined;
  /** Trains a tiny model that is made on the spot. */
  readonly tiny: boolean;
  /** The run folder. */
  readonly output: string;
  /** Default: all weights are trained. */
  readonly loraRank?: number | undefined;
  readonly seed: number;
  /** Goes on with an interrupted demo in the folder: files that exist are not made again. */
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
  /** The training was interrupted. The checkpoint is undefined when no step was taken. */
  | { readonly checkpoint: string | undefined };

/**
 * The paper's controlled-sentiment experiment (section 6.1) on one model: sample, rate, pair, train by DPO, measure. Every step
 * leaves a file in the run folder.
 *
 * @throws DpoError the errors of models, data and engines; the signal's reason when it is aborted
 */
export async function runDemo(options: DemoOptions, context: Context): Promise<DemoResult> {
  const { output, seed } = options;
  await provideEngine(options, context);
  const engine = await openEngine(engineSettings(options, context));
  try {
    context.note(`Engine: ${engine.description}`);
    const numbers = recipe({ lora: options.loraRank !== undefined, tiny: options.tiny });
    const name = await chooseModel(engine, options, context);
    await makeFolder(output);
    const base = await openModel(engine, name, context);
    context.note(`Model: ${name}, ${parameterCounts(base.model).parameters.toLocaleString('en')} parameters`);

    const draw = ({ model, tokenizer }: OpenModel, openings: readonly string[], samples: number, what: string) =>
      sampleTexts(
        model,
        tokenizer,
        openings.map((opening) => header + opening),
        {
          samples,
          maxNewTokens: numbers.maxNewTokens,
          temperature: 1,
          seed,
          batchSize: 480,
          signal: context.signal,
          onProgress: (tokens) =>
            context.progress(
              `${what}: ${Math.round((100 * tokens) / (openings.length * samples * numbers.maxNewTokens))} %`,
            ),
        },
      );
    await writePrompts(output);
    const samples = await samplesOf(options, 'samples.jsonl', () =>
      draw(base, trainOpenings, numbers.samples, 'Sampling film reviews to compare'),
    );
    const data = join(output, 'pairs.arrow');
    const preferences = sentimentPairs(samples, header);
    await writePreferences(preferences, data);
    context.note(
      `Data: ${preferences.length} preference pairs from ${samples.length} samples of ${trainOpenings.length} openings, rated by VADER`,
    );
    const before = await samplesOf(options, 'held-out-before.jsonl', () =>
      draw(base, heldOutOpenings, numbers.evaluationSamples, 'Sampling held-out reviews, before'),
    );

    const policy = await withAdapter(base, options);
    const { interrupted, folder } = await trainOn(data, policy, { name, options, numbers, engine }, context);
    if (interrupted || folder === undefined) return { checkpoint: folder };

    // Training has changed all weights: the reference is opened again for the measurement, while the policy draws.
    const adapterOff = policy.model.adapter !== undefined;
    const [after, reference] = await Promise.all([
      draw(policy, heldOutOpenings, numbers.evaluationSamples, 'Sampling held-out reviews, after'),
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
      beta: numbers.beta,
      signal: context.signal,
    });
    await writeEvaluation(output, evaluation);
    return { model: name, folder, report: await writeReport(output), evaluation };
  } finally {
    await engine.dispose();
  }
}

/** Fetches TensorFlow if the engine needs it and it is missing. Without Python or network the portable engine does the work. */
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

/** Samples from the run folder, if an interrupted demo left them there; else draws samples and writes them. */
async function samplesOf(
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
  { name, options, numbers, engine }: { name: string; options: DemoOptions; numbers: Recipe; engine: Engine },
  context: Context,
) {
  const dataset = await readPreferences(data);
  const settings = {
    ...numbers,
    schedule: 'constant',
    maxGradNorm: 10,
    gradAccumulation: 1,
    shuffle: true,
    seed: options.seed,
  } as const;
  // One pass: a model memorises pairs that are repeated.
  const steps = Math.min(numbers.steps, Math.floor(dataset.length / numbers.batchSize));
  const pairs = [...dataset];
  const config: RunConfig = {
    command: 'demo',
    options: { ...settings, loraRank: options.loraRank, method: 'dpo', optimizer: 'adamw' },
    seed: options.seed,
    steps,
    model: { name, ...parameterCounts(policy.model) },
    dataset: { path: resolve(data), rows: dataset.length, fingerprint: dataset.fingerprint },
    versions: { dpo: version, node: process.version },
    engine: engine.description,
  };
  return runTraining(
    {
      model: policy.model,
      source: policy.source,
      method: methodNamed('dpo', { beta: numbers.beta }),
      reference: precomputedReference({
        chosen: pairs.map(({ referenceChosenLogp = Number.NaN }) => referenceChosenLogp),
        rejected: pairs.map(({ referenceRejectedLogp = Number.NaN }) => referenceRejectedLogp),
      }),
      optimizer: adamw(),
      batches: offlineBatches(encodePairs(dataset, policy.tokenizer, { eos: false }), settings),
      steps,
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
  await writeFileAtomic(path, (file) =>
    writeFile(file, samples.map((sample) => `${JSON.stringify(sample)}\n`).join('')),
  );
}
