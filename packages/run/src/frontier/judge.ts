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

/** Rows that are decoded together at most. */
const TOGETHER = 240;

/** What draws and rates texts for a frontier. One model is opened for all: a checkpoint's weights are read into its policy. */
export interface Judge {
  /** Answers of the model that training starts from. */
  draw(prompts: readonly string[], given: DrawGiven): Promise<TextSample[]>;
  /** The true reward of each sample. */
  reward(samples: readonly TextSample[]): Promise<number[]>;
  /** Measures the policy of a checkpoint, or the start where none is given. */
  measure(
    checkpoint: string | undefined,
    given: DrawGiven & { readonly learned: string | undefined },
  ): Promise<FrontierSample[]>;
  close(): Promise<void>;
}

/** How answers are drawn, and how far they are. */
interface DrawGiven {
  readonly samples: number;
  readonly seed: number;
  /** Told the share that is done. */
  readonly onProgress: (share: number) => void;
}

/** How long the rewards of all answers of a point may take. */
export const REWARD_SECONDS = 600;

/** Opens the models that all points of a frontier are measured by. */
export async function openJudge(
  recipe: ResolvedRecipe,
  found: NamedReward,
  choice: EngineChoice,
  context: RunContext,
): Promise<Judge> {
  const engine = await openEngine(engineSettings(choice));
  try {
    context.note(`Engine: ${engine.description}`);
    const base = await openModel(engine, recipe.model, context);
    const { loraRank: rank, loraAlpha } = recipe;
    const policy =
      rank === undefined
        ? await cloneModel(base.model)
        : await addLora(base.model, loraOptions({ model: recipe.model, loraAlpha, seed: 0 }, rank));
    const truth = await found.open(engine, context);
    return judging({ recipe, engine, base, policy, truth }, context);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

interface Parts {
  readonly recipe: ResolvedRecipe;
  readonly engine: Engine;
  readonly base: OpenModel;
  readonly policy: LanguageModel;
  readonly truth: OpenReward;
}

function judging(parts: Parts, context: RunContext): Judge {
  const { recipe, engine, base, policy, truth } = parts;
  const { signal } = context;
  const { maxNewTokens, heldOutPrompts } = recipe;
  let learned: { readonly folder: string; readonly reward: OpenReward } | undefined;
  const learnedReward = async (folder: string) => {
    if (learned?.folder === folder) return learned.reward;
    await learned?.reward.close();
    const found = await findReward(folder, REWARD_SECONDS, context);
    learned = { folder, reward: await found.open(engine, context) };
    return learned.reward;
  };
  const drawFrom = (model: LanguageModel, prompts: readonly string[], { samples, seed, onProgress }: DrawGiven) => {
    const most = prompts.length * samples * maxNewTokens;
    return sampleTexts(model, base.tokenizer, prompts, {
      ...{ samples, maxNewTokens, seed, signal, temperature: 1, batchSize: TOGETHER },
      onProgress: (tokens) => onProgress(tokens / most),
    });
  };
  return {
    draw: (prompts, given) => drawFrom(base.model, prompts, given),
    reward: (samples) => rewardsOf(truth, samples),
    async measure(checkpoint, { learned: folder, ...given }) {
      if (checkpoint !== undefined) await readTrained(checkpoint, policy);
      const drawn = await drawFrom(checkpoint === undefined ? base.model : policy, heldOutPrompts, given);
      const adapterOff = policy.adapter !== undefined;
      const reference = adapterOff ? policy : base.model;
      const exact =
        checkpoint === undefined
          ? drawn.map(() => 0)
          : (await sampleDivergences({ policy, reference, adapterOff, samples: drawn, signal })).exact;
      const rewards = await rewardsOf(truth, drawn);
      const taught = folder === undefined ? undefined : await rewardsOf(await learnedReward(folder), drawn);
      return drawn.map((sample, i) => ({
        prompt: sample.index,
        text: sample.text,
        reward: rewards[i] as number,
        kl: exact?.[i] ?? Number.NaN,
        ...(taught === undefined ? {} : { learned: taught[i] as number }),
        tokens: withoutEnd(sample, base.tokenizer),
        ended: sample.finished,
      }));
    },
    async close() {
      await learned?.reward.close();
      await truth.close();
      await engine.dispose();
    },
  };
}

/** Texts as tokens, without the one that ended each. */
function withoutEnd({ tokens, finished }: TextSample, { endTokenIds }: ModelTokenizer): readonly number[] {
  const last = tokens.at(-1);
  return finished && last !== undefined && endTokenIds.includes(last) ? tokens.slice(0, -1) : tokens;
}

/** Rewards of samples, in their order. Samples of a prompt are asked about together. */
async function rewardsOf(reward: OpenReward, samples: readonly TextSample[]): Promise<number[]> {
  const groups = new Map<number, number[]>();
  samples.forEach(({ index }, i) => {
    const own = groups.get(index);
    if (own === undefined) groups.set(index, [i]);
    else own.push(i);
  });
  const members = [...groups.values()].map((own) => own.map((i) => ({ i, sample: samples[i] as TextSample })));
  const ask = reward.of({
    rowOf: ({ row }) => ({ prompt: members[row]?.[0]?.sample.prompt ?? '' }),
    answersOf: ({ row }) => (members[row] ?? []).map(({ sample }) => sample.text),
  });
  const given = await askReward(
    ask,
    members.map((own, row) => ({
      row,
      prompt: Int32Array.from(own[0]?.sample.promptTokens ?? []),
      answers: own.map(({ sample: { tokens, finished } }) => ({
        tokens: Int32Array.from(tokens),
        logps: new Float32Array(tokens.length),
        ended: finished,
      })),
    })),
  );
  const result = samples.map(() => Number.NaN);
  members.forEach((own, row) => {
    own.forEach(({ i }, k) => {
      result[i] = given[row]?.[k] as number;
    });
  });
  return result;
}
