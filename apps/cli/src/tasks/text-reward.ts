import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import type { Engine } from '@dpo/engine';
import { vaderReward } from '@dpo/eval';
import { loadClassifier } from '@dpo/models';
import type { Context } from '../command/define.js';

/** What texts are worth: higher is better. */
export interface TextReward {
  /** What the reward is, for people. */
  readonly name: string;
  /**
   * One finite number to each text.
   *
   * @throws DpoError `reward.bad-value` where a reward that was handed in gives something else
   */
  readonly scores: (texts: readonly string[]) => Promise<readonly number[]>;
}

/** VADER's compound score, −1 to 1. */
export const vader: TextReward = {
  name: 'VADER compound score',
  scores: async (texts) => texts.map(vaderReward),
};

/** A reward whose name is known and looked at, opened as late as it may be. */
export type RewardOpener = (engine: Engine) => Promise<TextReward>;

/**
 * What `--reward` names: `vader`; a module that exports a function from texts to as many numbers (`default` or `reward`); or the
 * folder of a text classifier, whose reward is the probability of its label called positive, or its only number. A module is run
 * and a folder looked for here, before anything is drawn.
 *
 * @throws DpoError `reward.not-a-function` for a module that exports none, `reward.broken-module` for one that cannot be loaded,
 *   file errors
 */
export async function findReward(name: string, context: Pick<Context, 'progress' | 'signal'>): Promise<RewardOpener> {
  if (name === 'vader') return async () => vader;
  if (/\.[cm]?js$/.test(name)) {
    const reward = await moduleReward(name);
    return async () => reward;
  }
  await stat(name).catch((error: unknown) => {
    throw asFileError(error, name);
  });
  return async (engine) => {
    const { classifier } = await loadClassifier(engine, name, {
      onProgress: (bytes, total) => context.progress(`Loading ${name}: ${Math.round((100 * bytes) / total)} %`),
    });
    return {
      name: `${name}, a classifier`,
      scores: (texts) => classifier.scores(texts, { signal: context.signal }),
    };
  };
}

async function moduleReward(path: string): Promise<TextReward> {
  await readFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const loaded = await load(path);
  const score = loaded.default ?? loaded.reward;
  if (typeof score !== 'function')
    throw new DpoError('reward.not-a-function', `${path} exports no function as its default or as reward.`, {
      values: { path, exports: Object.keys(loaded) },
      hint: 'Write: export default (texts) => texts.map((text) => …), a number to each text.',
    });
  return {
    name: path,
    scores: async (texts) => checked(await (score as (texts: readonly string[]) => unknown)(texts), texts.length, path),
  };
}

async function load(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new DpoError('reward.broken-module', `${path} cannot be loaded: ${(cause as Error).message}.`, {
      values: { path },
      cause,
    });
  }
}

function checked(value: unknown, count: number, path: string): readonly number[] {
  const bad = (why: string, values: object) =>
    new DpoError('reward.bad-value', `The reward of ${path} gave ${why}.`, {
      values: { path, ...values },
      hint: 'It is called with a list of texts, and gives a list of as many finite numbers.',
    });
  if (!Array.isArray(value) || value.length !== count)
    throw bad(`${Array.isArray(value) ? `${value.length} numbers` : typeof value} for ${count} texts`, {
      texts: count,
    });
  const wrong = value.findIndex((each) => typeof each !== 'number' || !Number.isFinite(each));
  if (wrong >= 0) throw bad(`${String(value[wrong])} for text ${wrong}`, { text: wrong, value: String(value[wrong]) });
  return value as readonly number[];
}
