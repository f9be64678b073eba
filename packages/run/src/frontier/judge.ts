import { askReward } from '@dpo/core';
import { type Engine, openEngine } from '@dpo/engine';
import type { FrontierSample } from '@dpo/eval';
import { addLora, cloneModel, type LanguageModel, type ModelTokenizer } from '@dpo/models';
import type { RunContext } from '../context.js';
import { type OpenModel, openModel } from '../inputs/open-model.js';
import { type EngineChoice, engineSettings } from '../options/engine-options.js';
import { findReward, type NamedReward } from '../rl/open-reward.js';
import type { OpenReward } from '../rl/opened-reward.js';
import { sampleDivergences } from '../texts/sample-divergences.js';
import { sampleTexts, type TextSample } from '../texts/sample-texts.js';
import { readTrained } from '../training/best-checkpoint.js';
import { loraOptions } from '../training/prepare.js';
import type { ResolvedRecipe } from './recipe.js';

/** How many samples are decoded together, at most. */
const DECODED_TOGETHER = 240;

/** Draws and rates the answers of a frontier. One policy serves all points: a checkpoint's weights are read into the policy. */
export interface Judge {
  /** Draws answers of the start, the model from which all runs train. */
  draw(prompts: readonly string[], options: DrawOptions): Promise<TextSample[]>;
  /** The true rewards of samples, in the order of the samples. */
  reward(samples: readonly TextSample[]): Promise<number[]>;
  /**
   * Draws answers to the held-out prompts, and measures their rewards and their KL in nats.
   *
   * @param checkpoint a checkpoint's folder; undefined measures the start, whose KL is 0
   */
  measure(checkpoint: string | undefined, options: MeasureOptions): Promise<FrontierSample[]>;
  /** Frees the models and the engine. */
  close(): Promise<void>;
}

/** How answers are drawn. */
interface DrawOptions {
  /** Answers to each prompt. */
  readonly samples: number;
  readonly seed: number;
  /** Called with the finished share, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** How a point is measured. */
interface MeasureOptions extends DrawOptions {
  /** The folder of the seed's reward model; undefined when the recipe trains no reward model. */
  readonly rewardModel: string | undefined;
}

/** Seconds that the rewards of all answers of a point may take. */
export const REWARD_SECONDS = 600;

/**
 * Opens the engine, the start, a policy and the true reward, with which all points of a frontier are measured.
 *
 * @throws {DpoError} what opening the engine, the model and the reward throws
 */
export async function openJudge(
  recipe: ResolvedRecipe,
  trueReward: NamedReward,
  choice: EngineChoice,
  context: RunContext,
): Promise<Judge> {
  const engine = await openEngine(engineSettings(choice, context));
  try {
    context.note(`Engine: ${engine.description}`);
    const start = await openModel(engine, recipe.model, context);
    const { loraRank: rank, loraAlpha } = recipe;
    const policy =
      rank === undefined
        ? await cloneModel(start.model)
        : await addLora(start.model, loraOptions({ model: recipe.model, loraAlpha, seed: 0 }, rank));
    return judgeOf({ recipe, engine, start, policy, trueReward: await trueReward.open(engine, context) }, context);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

interface JudgeParts {
  readonly recipe: ResolvedRecipe;
  readonly engine: Engine;
  readonly start: OpenModel;
  readonly policy: LanguageModel;
  readonly trueReward: OpenReward;
}

function judgeOf(parts: JudgeParts, context: RunContext): Judge {
  const { recipe, engine, start, policy, trueReward } = parts;
  const { signal } = context;
  const { maxNewTokens, heldOutPrompts } = recipe;
  const rewardModels = oneRewardModelAtATime(engine, context);
  const drawFrom = (model: LanguageModel, prompts: readonly string[], options: DrawOptions) => {
    const { samples, seed, onProgress } = options;
    const mostTokens = prompts.length * samples * maxNewTokens;
    return sampleTexts(model, start.tokenizer, prompts, {
      ...{ samples, maxNewTokens, seed, signal, temperature: 1, batchSize: DECODED_TOGETHER },
      onProgress: (tokens) => onProgress(tokens / mostTokens),
    });
  };
  return {
    draw: (prompts, options) => drawFrom(start.model, prompts, options),
    reward: (samples) => rewardsOf(trueReward, samples),
    async measure(checkpoint, { rewardModel, ...options }) {
      if (checkpoint !== undefined) await readTrained(checkpoint, policy);
      const samples = await drawFrom(checkpoint === undefined ? start.model : policy, heldOutPrompts, options);
      const adapterOff = policy.adapter !== undefined;
      const reference = adapterOff ? policy : start.model;
      const divergences =
        checkpoint === undefined
          ? samples.map(() => 0)
          : (await sampleDivergences({ policy, reference, adapterOff, samples, signal })).exact;
      const trueRewards = await rewardsOf(trueReward, samples);
      const learnedRewards =
        rewardModel === undefined ? undefined : await rewardsOf(await rewardModels.open(rewardModel), samples);
      return samples.map((sample, i) => ({
        prompt: sample.index,
        text: sample.text,
        reward: trueRewards[i] as number,
        kl: divergences?.[i] ?? Number.NaN,
        ...(learnedRewards === undefined ? {} : { learned: learnedRewards[i] as number }),
        tokens: withoutEnd(sample, start.tokenizer),
        ended: sample.finished,
      }));
    },
    async close() {
      await rewardModels.close();
      await trueReward.close();
      await engine.dispose();
    },
  };
}

/** Opens reward models by their folders. The one that was opened last stays open for the next points of its seed. */
function oneRewardModelAtATime(engine: Engine, context: RunContext) {
  let current: { readonly folder: string; readonly reward: OpenReward } | undefined;
  return {
    async open(folder: string): Promise<OpenReward> {
      if (current?.folder === folder) return current.reward;
      await current?.reward.close();
      const namedReward = await findReward(folder, REWARD_SECONDS, context);
      current = { folder, reward: await namedReward.open(engine, context) };
      return current.reward;
    },
    close: async () => current?.reward.close(),
  };
}

/** A sample's tokens, without the token that ended the answer. */
function withoutEnd({ tokens, finished }: TextSample, { endTokenIds }: ModelTokenizer): readonly number[] {
  const last = tokens.at(-1);
  return finished && last !== undefined && endTokenIds.includes(last) ? tokens.slice(0, -1) : tokens;
}

/** The rewards of samples, in the order of the samples. The samples of a prompt go to the reward together. */
async function rewardsOf(reward: OpenReward, samples: readonly TextSample[]): Promise<number[]> {
  const numbersByPrompt = new Map<number, number[]>();
  samples.forEach(({ index }, i) => {
    const numbers = numbersByPrompt.get(index);
    if (numbers === undefined) numbersByPrompt.set(index, [i]);
    else numbers.push(i);
  });
  const groups = [...numbersByPrompt.values()].map((numbers) =>
    numbers.map((i) => ({ i, sample: samples[i] as TextSample })),
  );
  const ask = reward.of({
    rowOf: ({ row }) => ({ prompt: groups[row]?.[0]?.sample.prompt ?? '' }),
    answersOf: ({ row }) => (groups[row] ?? []).map(({ sample }) => sample.text),
  });
  const groupRewards = await askReward(
    ask,
    groups.map((group, row) => ({
      row,
      prompt: Int32Array.from(group[0]?.sample.promptTokens ?? []),
      answers: group.map(({ sample: { tokens, finished } }) => ({
        tokens: Int32Array.from(tokens),
        logps: new Float32Array(tokens.length),
        ended: finished,
      })),
    })),
  );
  const rewards = samples.map(() => Number.NaN);
  groups.forEach((group, row) => {
    group.forEach(({ i }, k) => {
      rewards[i] = groupRewards[row]?.[k] as number;
    });
  });
  return rewards;
}
