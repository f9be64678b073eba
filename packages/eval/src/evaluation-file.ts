import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, readTextFile, writeFileAtomic } from '@dpo/base/files';
import type { MeasuredPolicy, PairAccuracy } from './evaluation.js';
import { exactly, finite, list, optional, record, type Shape, ShapeError, text, unsure } from './shape.js';
import type { ClusteredEstimate, Estimate } from './statistics.js';
import type { TextStatistics } from './texts/text-statistics.js';

/** A text of an evaluation. */
export interface EvaluationSample {
  readonly prompt: string;
  readonly text: string;
  readonly reward: number;
}

/**
 * `evaluation.json` of a run folder: a policy (`after`) beside its reference (`before`), on held-out prompts. The file is
 * this object as JSON. The standard error of a single prompt, which is NaN, is null in the file. All logarithms are natural.
 */
export interface Evaluation {
  readonly version: 1;
  /** The reward in words, such as `VADER compound score`. */
  readonly reward: string;
  readonly prompts: number;
  readonly before: MeasuredPolicy;
  readonly after: MeasuredPolicy;
  /** Mean reward after − before, as `rewardGain` computes it. */
  readonly gain: Estimate;
  /** Held-out pairs that the policy's implicit reward orders rightly. */
  readonly accuracy?: PairAccuracy | undefined;
  readonly bestOfN?: readonly { readonly n: number; readonly reward: Estimate; readonly kl: number }[] | undefined;
  /** Other policies' places in the plane of reward and KL. */
  readonly others?: readonly { readonly name: string; readonly reward: Estimate; readonly kl: Estimate }[] | undefined;
  /** Rewards of every text, for their distribution. */
  readonly rewards: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** How many texts hold a word, of `texts` on each side. */
  readonly words: {
    readonly texts: { readonly before: number; readonly after: number };
    readonly counts: readonly WordCount[];
  };
  /** Texts side by side, two of each prompt. */
  readonly samples: readonly { readonly before: EvaluationSample; readonly after: EvaluationSample }[];
}

/** How many texts hold a word. */
export interface WordCount {
  readonly word: string;
  readonly before: number;
  readonly after: number;
}

const NAME = 'evaluation.json';

/** Writes `evaluation.json` into a run folder, whole or not at all. Returns its path. */
export async function writeEvaluation(folder: string, evaluation: Evaluation): Promise<string> {
  const path = join(folder, NAME);
  await writeFileAtomic(path, (file) => writeFile(file, `${JSON.stringify(evaluation, null, 2)}\n`));
  return path;
}

/**
 * Reads `evaluation.json` of a run folder; undefined when there is none.
 *
 * @throws DpoError `eval.bad-file`, naming the key, for a content that is not an {@link Evaluation} of version 1
 */
export async function readEvaluation(folder: string): Promise<Evaluation | undefined> {
  const path = join(folder, NAME);
  const content = await readTextFile(path).catch((error: unknown) => {
    const fileError = asFileError(error, path);
    if (DpoError.is(fileError, 'file.not-found')) return undefined;
    throw fileError;
  });
  if (content === undefined) return undefined;
  try {
    return evaluationShape(JSON.parse(content), '');
  } catch (cause) {
    const why = cause instanceof ShapeError ? `is no evaluation of version 1: ${cause.message}` : 'is not valid JSON';
    throw new DpoError('eval.bad-file', `${path} ${why}.`, {
      values: { path, ...(cause instanceof ShapeError ? { key: cause.where, expected: cause.expected } : {}) },
      hint: 'Make the evaluation anew, or remove the file.',
      cause,
    });
  }
}

const estimateShape = record<Estimate>({ mean: unsure, standardError: unsure, count: finite });
const clusteredShape = record<ClusteredEstimate>({
  mean: unsure,
  standardError: unsure,
  count: finite,
  clusters: finite,
  independentError: unsure,
});
const finiteOrNull: Shape<number | null> = (value, where) => (value === null ? null : finite(value, where));
const textsShape = record<TextStatistics>({
  length: clusteredShape,
  ended: clusteredShape,
  distinctTokens: finite,
  distinct: list(finiteOrNull),
  selfBleu: finiteOrNull,
  repeatedFourGrams: finiteOrNull,
});
const pointShape = record<MeasuredPolicy>({
  reward: clusteredShape,
  kl: clusteredShape,
  exactKl: optional(clusteredShape),
  texts: optional(textsShape),
});
const sampleShape = record<EvaluationSample>({ prompt: text, text, reward: finite });

const evaluationShape = record<Evaluation>({
  version: exactly(1),
  reward: text,
  prompts: finite,
  before: pointShape,
  after: pointShape,
  gain: estimateShape,
  accuracy: optional(
    record<PairAccuracy>({
      share: finite,
      low: finite,
      high: finite,
      count: finite,
      margin: finite,
      marginError: optional(unsure),
    }),
  ),
  bestOfN: optional(list(record({ n: finite, reward: estimateShape, kl: finite }))),
  others: optional(list(record({ name: text, reward: estimateShape, kl: estimateShape }))),
  rewards: record({ before: list(finite), after: list(finite) }),
  words: record<Evaluation['words']>({
    texts: record({ before: finite, after: finite }),
    counts: list(record({ word: text, before: finite, after: finite })),
  }),
  samples: list(record({ before: sampleShape, after: sampleShape })),
});
