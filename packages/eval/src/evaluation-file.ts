import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, writeFileAtomic } from '@dpo/base/files';
import type { RewardKl } from './evaluation.js';
import type { Estimate, ShareEstimate } from './statistics.js';

/** A text of an evaluation, as it is stored. */
export interface StoredSample {
  readonly prompt: string;
  readonly text: string;
  readonly reward: number;
}

/** `evaluation.json` of a run folder: a policy beside its reference, on held-out prompts. */
export interface Evaluation {
  readonly version: 1;
  /** What the reward is: `VADER compound score`. */
  readonly reward: string;
  readonly prompts: number;
  readonly before: RewardKl;
  readonly after: RewardKl;
  /** Reward after − before. */
  readonly gain: Estimate;
  /** Held-out pairs that the policy's implicit reward orders rightly. */
  readonly accuracy?: (ShareEstimate & { readonly margin: number }) | undefined;
  readonly bestOfN?: readonly { readonly n: number; readonly reward: Estimate; readonly kl: number }[] | undefined;
  /** Rewards of every text, for their distribution. */
  readonly rewards: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Texts that hold a word, of `texts` each time. */
  readonly words: {
    readonly texts: { readonly before: number; readonly after: number };
    readonly counts: readonly WordCount[];
  };
  /** Texts side by side, one prompt a row. */
  readonly samples: readonly { readonly before: StoredSample; readonly after: StoredSample }[];
}

export interface WordCount {
  readonly word: string;
  readonly before: number;
  readonly after: number;
}

const NAME = 'evaluation.json';

/** Writes `evaluation.json` into a run folder. */
export async function writeEvaluation(folder: string, evaluation: Evaluation): Promise<string> {
  const path = join(folder, NAME);
  await writeFileAtomic(path, (file) => writeFile(file, `${JSON.stringify(evaluation, null, 2)}\n`));
  return path;
}

/** Reads `evaluation.json` of a run folder; undefined where there is none. Throws `eval.bad-file` for another content. */
export async function readEvaluation(folder: string): Promise<Evaluation | undefined> {
  const path = join(folder, NAME);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const known = asFileError(error, path);
    if (DpoError.is(known, 'file.not-found')) return undefined;
    throw known;
  });
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Evaluation;
    if (value.version === 1) return value;
  } catch (cause) {
    throw new DpoError('eval.bad-file', `${path} is not valid JSON.`, { values: { path }, cause });
  }
  throw new DpoError('eval.bad-file', `${path} is of another version than 1.`, { values: { path } });
}
