import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { DpoError, nearest } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { rewardByPrompt } from '@dpo/core';
import { plainText } from '@dpo/data';
import type { Engine } from '@dpo/engine';
import { vaderReward } from '@dpo/eval';
import { modelDigests } from '@dpo/models';
import type { RunContext } from '../context.js';
import { findModel } from '../inputs/open-model.js';
import { namesScorer, openScorer } from '../scoring/open-scorer.js';
import { modelReward } from './model-reward.js';
import type { OpenReward } from './opened-reward.js';
import { openRewardFile } from './reward-file.js';

/** Seconds that a module has for the rewards of a batch. */
const FILE_SECONDS = 60;

/** Seconds that a module has to load at least: imports take their time on a busy machine, however quick the reward is. */
const LOADING = 30;

/** A reward by its name, before anything is opened. */
export interface NamedReward {
  /** SHA-256 of the reward's files, by name: a resumed run must have the same files. */
  readonly files: Readonly<Record<string, string>>;
  open(engine: Engine, context: RunContext): Promise<OpenReward>;
}

/**
 * The reward that `--reward` names: `vader`, the sentiment of prompt and answer together, a module, or a reward model.
 *
 * @param seconds that the rewards of a batch may take; default: a module 60, a reward model 600
 * @throws {DpoError} `reward.unknown` when the name is no reward; what reading a file throws. From `open`: what
 *   {@link openRewardFile} and {@link openScorer} throw
 */
export async function findReward(name: string, seconds: number | undefined, context: RunContext): Promise<NamedReward> {
  if (name === 'vader') return { files: {}, open: async () => vader };
  if (/\.[cm]?js$/.test(name)) return findFile(name, seconds);
  const isPlace = name.includes('/') || (await stat(name).catch(() => undefined)) !== undefined;
  if (!isPlace || !(await namesScorer(name, context)))
    throw new DpoError('reward.unknown', `${name} is no reward: neither vader nor a module nor a reward model.`, {
      values: { reward: name },
      hint: `Give vader, a module FILE.mjs, or a folder that dpo reward wrote${nearest(name, ['vader']) === undefined ? '' : '; did you mean vader?'}.`,
    });
  return {
    files: await modelDigests(await findModel(name, context), context.signal),
    open: async (engine) => modelReward(await openScorer(engine, name, context), seconds),
  };
}

async function findFile(name: string, seconds: number = FILE_SECONDS): Promise<NamedReward> {
  const content = await readFile(name).catch((error: unknown) => {
    throw asFileError(error, name);
  });
  return {
    files: { [name]: createHash('sha256').update(content).digest('hex') },
    async open() {
      const file = await openRewardFile(name, Math.max(LOADING, seconds));
      return {
        of: ({ rowOf, answersOf }) =>
          rewardByPrompt((request) => file.ask(rowOf(request).prompt, answersOf(request)), { seconds }),
        check: async () => undefined,
        close: () => file.close(),
      };
    },
  };
}

const vader: OpenReward = {
  check: async () => undefined,
  of:
    ({ rowOf, answersOf }) =>
    async (requests) =>
      requests.map((request) => {
        const before = plainText(rowOf(request).prompt);
        return answersOf(request).map((answer) => vaderReward(before + answer));
      }),
  close: async () => undefined,
};
