import {
  answersOf,
  type Method,
  noReference,
  offlineBatches,
  precomputedReference,
  precomputedTokens,
  type Reference,
  slotShapes,
  train,
} from '@dpo/core';
import { openEngine, type Variable } from '@dpo/engine';
import type { LanguageModel } from '@dpo/models';
import { type RunContext, runContext } from '../context.js';
import { openRows, withSplit } from '../inputs/find-data.js';
import { encodeFor } from '../inputs/open-data.js';
import { checkOptions } from '../options/check-options.js';
import { engineSettings } from '../options/engine-options.js';
import { presets, trainOptions } from '../options/train-options.js';
import type { TrainConfig } from '../train-run.js';
import { dpoReference } from '../training/dpo-reference.js';
import { methodOfRows, type TrainSettings } from '../training/method-of-rows.js';
import { openPolicy, optimizerOf } from '../training/prepare.js';
import type { DataExample, RowKind } from '../training/row-kinds.js';
import { type Exchange, imaginaryWorkers } from './imaginary-workers.js';
import { bytesSent, exchangeSeconds, type Network } from './wire-time.js';

/** The workers of a plan. */
export interface PlannedWorkers extends Network {
  readonly workers: number;
}

/** What a step of one of several workers takes. */
export interface Plan {
  readonly workers: number;
  /** Bytes of memory to a worker: what is known of variables, and the peak of the process while it took the steps. */
  readonly memory: {
    readonly weights: number;
    readonly gradients: number;
    readonly optimizer: number;
    readonly peak: number;
  };
  /** Bytes that each worker sends, and receives, in a step. */
  readonly bytes: number;
  /** Exchanges of a step. */
  readonly exchanges: number;
  /** Seconds of a step. */
  readonly seconds: {
    /** What a worker computes by itself, measured. */
    readonly alone: number;
    /** The exchanges, by the model of `exchangeSeconds`. */
    readonly exchanges: number;
    readonly total: number;
  };
  /** Examples of a step, of all workers. */
  readonly examples: number;
}

/** Steps that are not timed, since they compile functions, and steps that are. */
const [WARM_UP, TIMED] = [2, 3];

/**
 * Plans a training by several workers: what `dpo train --plan` does. This process takes some steps as the first of the workers, with
 * its share of each batch and the other workers imaginary, and throws the result away. Nothing is written.
 *
 * @throws DpoError as `trainRun` does for options, models and data; `train.too-few-examples` for batches that give a worker nothing
 */
export async function planRun(
  config: TrainConfig,
  workers: PlannedWorkers,
  callbacks: Partial<RunContext> = {},
): Promise<Plan> {
  const settings = checkOptions(trainOptions, { ...presets[config.preset ?? ''], ...config });
  const context = runContext(callbacks);
  return methodOfRows(settings, (rows, method) => planRows(rows, method, settings, workers, context));
}

async function planRows<Row, Example extends DataExample>(
  rows: RowKind<Row, Example>,
  method: Method<Example>,
  settings: TrainSettings,
  { workers, ...network }: PlannedWorkers,
  context: RunContext,
): Promise<Plan> {
  const dataset = await openRows(withSplit(settings.data, settings.split), rows, context);
  const engine = await openEngine(engineSettings(settings, context));
  try {
    context.note(`Engine: ${engine.description}`);
    const { model, tokenizer } = await openPolicy(engine, settings, context);
    const examples = await encodeFor({ model, tokenizer }, dataset, rows.encode, settings, context);
    const batchSize = settings.batchSize * settings.gradAccumulation;
    const exchanges: Exchange[] = [];
    const times: number[] = [];
    const marks: number[] = [];
    let peak = 0;
    const steps = WARM_UP + TIMED;
    const optimizer = optimizerOf(settings);
    for await (const record of train({
      ...{ model, method, optimizer, steps, signal: context.signal },
      reference: await referenceOf(settings, method, { model, examples, rows }, context),
      learningRate: () => settings.learningRate,
      maxGradNorm: settings.maxGradNorm,
      activationCheckpointing: settings.activationCheckpointing,
      shardOptimizer: settings.shardOptimizer,
      batches: offlineBatches(examples, { batchSize, shuffle: settings.shuffle, seed: settings.seed }),
      packing: { microBatches: settings.gradAccumulation > 1 ? settings.gradAccumulation : undefined },
      collective: imaginaryWorkers(workers, (exchange) => exchanges.push(exchange)),
    })) {
      context.progress(`Step ${record.step} of ${steps} as one of ${workers} workers …`);
      times.push(performance.now() / 1000);
      marks.push(exchanges.length);
      peak = record.peak_rss_bytes;
    }
    const ofStep = exchanges.slice(marks.at(-2), marks.at(-1));
    const alone = median(times.slice(WARM_UP).map((time, i) => time - (times[WARM_UP + i - 1] as number)));
    const onWire = sum(ofStep.map((exchange) => exchangeSeconds(exchange, workers, network)));
    return {
      workers,
      memory: { ...variableBytes(model, method, settings, workers), peak },
      bytes: sum(ofStep.map((exchange) => bytesSent(exchange, workers))),
      exchanges: ofStep.length,
      seconds: { alone, exchanges: onWire, total: alone + onWire },
      examples: batchSize,
    };
  } finally {
    await engine.dispose();
  }
}

/** The bytes of the variables that grow with the model. */
function variableBytes<Example extends DataExample>(
  model: LanguageModel,
  { trainables }: Method<Example>,
  settings: TrainSettings,
  workers: number,
) {
  const bytesOf = (variables: Iterable<Pick<Variable, 'shape'> & Partial<Pick<Variable, 'storage'>>>) =>
    sum(
      [...variables].map(
        ({ shape, storage }) => (storage === 'bfloat16' ? 2 : 4) * shape.reduce((product, size) => product * size, 1),
      ),
    );
  const trained = [...model.trainable().values(), ...trainables.values()];
  const optimizer = optimizerOf(settings);
  const slots = trained.flatMap(({ shape }) =>
    Object.values(slotShapes(optimizer, shape)).map((slot) => ({ shape: slot })),
  );
  const isDivided = settings.shardOptimizer && optimizer.byNumber === true;
  const adapter = [...(model.adapter?.weights.values() ?? [])];
  return {
    weights: bytesOf([...model.weights.values(), ...adapter, ...trainables.values()]),
    gradients: bytesOf(trained),
    optimizer: bytesOf(slots) / (isDivided ? workers : 1),
  };
}

/** The reference of the planned steps. Numbers that a run computes before its first step, or has from the data, are zeros here. */
async function referenceOf<Row, Example extends DataExample>(
  settings: TrainSettings,
  method: Method<Example>,
  {
    model,
    examples,
    rows,
  }: { readonly model: LanguageModel; readonly examples: readonly Example[]; readonly rows: RowKind<Row, Example> },
  context: RunContext,
): Promise<Reference> {
  const { needs, answers, scoredAnswers } = method;
  if (needs.reference === undefined) return noReference();
  const inData =
    settings.ref === undefined && needs.reference === 'answers' ? rows.referenceOf(examples).logps : undefined;
  if (!settings.precomputeReference && inData === undefined)
    return (
      await dpoReference(settings, method, { model, examples, heldOut: undefined, givenLogps: undefined }, context)
    ).train;
  const logps: Record<string, ArrayLike<number>[]> = {};
  for (const [i, example] of examples.entries()) {
    const all = { ...answersOf(answers, example), ...(scoredAnswers && answersOf(scoredAnswers, example)) };
    for (const [name, tokens] of Object.entries(all)) {
      logps[name] ??= [];
      (logps[name] as ArrayLike<number>[])[i] = new Float32Array(tokens.length);
    }
  }
  if (needs.reference === 'tokens') return precomputedTokens(logps);
  return precomputedReference(
    Object.fromEntries(Object.entries(logps).map(([name, lists]) => [name, lists.map(() => 0)])),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
