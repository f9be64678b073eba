import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { DpoError, nearest, type Text } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { type Reward, type RewardRequest, rewardByPrompt } from '@dpo/core';
import { isChat, plainText } from '@dpo/data';
import type { Engine } from '@dpo/engine';
import { vaderReward } from '@dpo/eval';
import { modelDigests } from '@dpo/models';
import type { RunContext } from '../context.js';
import { findModel } from '../inputs/open-model.js';
import { namesScorer, openScorer, type Scorer } from '../scoring/open-scorer.js';
import { openRewardFile } from './reward-file.js';

/** What is known of the texts of a request. */
export interface RewardTexts {
  /** The prompt as the data have it. */
  readonly promptOf: (request: RewardRequest) => Text;
  /** An answer as people read it, without special tokens. */
  readonly answersOf: (request: RewardRequest) => readonly string[];
}

/** A reward that is ready to be asked. */
export interface OpenReward {
  /** The reward of answers to prompts whose texts are known. */
  of(texts: RewardTexts): Reward;
  close(): Promise<void>;
}

/** A reward by its name, looked at before anything is opened. */
export interface FoundReward {
  /** SHA-256 of what decides the reward, by file: a resumed run must have the same. */
  readonly files: Readonly<Record<string, string>>;
  open(engine: Engine, context: RunContext): Promise<OpenReward>;
}

/**
 * The reward that `--reward` names: `vader`, the sentiment of prompt and answer together, a module, or a reward model.
 *
 * @param seconds that the rewards of a batch may take
 * @throws DpoError `reward.unknown`, and what is wrong with a file. From `open`: what {@link openRewardFile} and
 *   {@link openScorer} throw
 */
export async function findReward(name: string, seconds: number, context: RunContext): Promise<FoundReward> {
  if (name === 'vader') return { files: {}, open: async () => vader };
  if (/\.[cm]?js$/.test(name)) return findFile(name, seconds);
  const there = name.includes('/') || (await stat(name).catch(() => undefined)) !== undefined;
  if (!there || !(await namesScorer(name, context)))
    throw new DpoError('reward.unknown', `${name} is no reward: neither vader nor a module nor a reward model.`, {
      values: { reward: name },
      hint: `Give vader, a module FILE.mjs, or a folder that dpo reward wrote${nearest(name, ['vader']) === undefined ? '' : '; did you mean vader?'}.`,
    });
  return {
    files: await modelDigests(await findModel(name, context), context.signal),
    open: async (engine) => byModel(await openScorer(engine, name, context)),
  };
}

async function findFile(name: string, seconds: number): Promise<FoundReward> {
  const content = await readFile(name).catch((error: unknown) => {
    throw asFileError(error, name);
  });
  return {
    files: { [name]: createHash('sha256').update(content).digest('hex') },
    async open() {
      const file = await openRewardFile(name, seconds);
      return {
        of: ({ promptOf, answersOf }) =>
          rewardByPrompt((request) => file.ask(promptOf(request), answersOf(request)), { seconds }),
        close: () => file.close(),
      };
    },
  };
}

/** A model reads texts by its own tokenizer, which may be another than the policy's. */
function byModel(scorer: Scorer): OpenReward {
  return {
    of:
      ({ promptOf, answersOf }) =>
      async (requests) =>
        scorer.score(
          requests.map((request) => {
            const prompt = promptOf(request);
            const said = (content: string): Text => (isChat(prompt) ? [{ role: 'assistant', content }] : content);
            return { prompt, answers: answersOf(request).map(said) };
          }),
        ),
    close: async () => scorer.dispose(),
  };
}

const vader: OpenReward = {
  of:
    ({ promptOf, answersOf }) =>
    async (requests) =>
      requests.map((request) => {
        const before = plainText(promptOf(request));
        return answersOf(request).map((answer) => vaderReward(before + answer));
      }),
  close: async () => undefined,
};
