import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import type { Engine } from '@dpo/engine';
import { vaderReward } from '@dpo/eval';
import { loadClassifier } from '@dpo/models';
import type { Context } from '../command/define.js';

/** A reward of texts: higher is better. */
export interface TextReward {
  /** The reward's name, for people. */
  readonly name: string;
  /**
   * One finite number to each text.
   *
   * @throws DpoError `reward.bad-value` when a module's function returns something else
   */
  readonly scores: (texts: readonly string[]) => Promise<readonly number[]>;
}

/** VADER's compound score, −1 to 1. */
export const vader: TextReward = {
  name: 'VADER compound score',
  scores: async (texts) => texts.map(vaderReward),
};

/** Opens a reward whose name has been checked. */
export type RewardOpener = (engine: Engine) => Promise<TextReward>;

/**
 * The reward that `--reward` names: `vader`; a module that exports a function from texts to as many numbers (`default` or `reward`);
 * or the folder of a text classifier, whose reward is the probability of the label called positive, or the only number of the
 * classifier. A module is loaded and a folder is looked for here, before anything is drawn.
 *
 * @throws DpoError `reward.not-a-function` for a module without the function, `reward.broken-module` for a module that cannot be
 *   loaded, the codes of `asFileError`
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
  const module = await load(path);
  const score = module.default ?? module.reward;
  if (typeof score !== 'function')
    throw new DpoError('reward.not-a-function', `${path} exports no function as its default or as reward.`, {
      values: { path, exports: Object.keys(module) },
      hint: 'Write: export default (texts) => texts.map((text) => …), a number to each text.',
    });
  return {
    name: path,
    scores: async (texts) =>
      checkScores(await (score as (texts: readonly string[]) => unknown)(texts), texts.length, path),
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

function checkScores(value: unknown, count: number, path: string): readonly number[] {
  const bad = (why: string, values: object) =>
    new DpoError('reward.bad-value', `The reward of ${path} gave ${why}.`, {
      values: { path, ...values },
      hint: 'The function gets a list of texts, and must return a list of as many finite numbers.',
    });
  if (!Array.isArray(value) || value.length !== count)
    throw bad(`${Array.isArray(value) ? `${value.length} numbers` : typeof value} for ${count} texts`, {
      texts: count,
    });
  const wrong = value.findIndex((each) => typeof each !== 'number' || !Number.isFinite(each));
  if (wrong >= 0) throw bad(`${String(value[wrong])} for text ${wrong}`, { text: wrong, value: String(value[wrong]) });
  return value as readonly number[];
}
