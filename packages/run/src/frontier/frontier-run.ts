import { join, resolve } from 'node:path';
import { bestOfNPoint, type Frontier, frontierOf, measurePoints, type PointEvidence, writeFrontier } from '@dpo/eval';
import type { z } from 'zod';
import { type RunContext, runContext } from '../context.js';
import { checkOpens } from '../inputs/open-model.js';
import { checkOpensAsReward } from '../inputs/open-reward-model.js';
import { checkOptions } from '../options/check-options.js';
import { frontierOptions } from '../options/frontier-options.js';
import { holdOutputs } from '../places/hold-outputs.js';
import { findReward } from '../rl/open-reward.js';
import type { RunOptions } from '../train-run.js';
import { checkModels, type ModelCheck } from '../training/check-models.js';
import { identityOf } from '../training/run-identity.js';
import { openJudge, REWARD_SECONDS } from './judge.js';
import { plannedWork } from './planned-work.js';
import { frontierProgress } from './progress.js';
import { type FrontierRecipe, plannedRuns, type ResolvedRecipe } from './recipe.js';
import { resolveRecipe } from './resolve-recipe.js';
import { seedPoints } from './seed-points.js';
import { claimFrontier } from './stored-frontier.js';

/** The options of `dpo frontier`, by their keys. `recipe` is the path of a recipe's file, or the recipe itself. */
export type FrontierConfig = Omit<z.input<typeof frontierOptions>, 'recipe'> & {
  readonly recipe?: string | FrontierRecipe | undefined;
};

/** The result of a frontier. */
export interface FrontierResult {
  readonly frontier: Frontier;
  /** The page's path; `frontier.csv` and `frontier.json` lie beside the page. */
  readonly page: string;
}

/** What a frontier gets from its program, besides its configuration. */
export interface FrontierRunOptions extends Omit<RunOptions, 'cluster' | 'sinks'> {
  /** Finds the model when neither the recipe nor the options name one. Default: such a recipe is an error. */
  readonly defaultModel?: (() => Promise<string>) | undefined;
}

type Context = RunContext & Pick<FrontierRunOptions, 'beforeData' | 'defaultModel'>;
type CheckedOptions = z.output<typeof frontierOptions>;
type RecipeOrPath = FrontierConfig['recipe'];

/**
 * Does what `dpo frontier` does: trains every run of a recipe for every seed, measures every checkpoint on held-out prompts, and
 * writes reward against KL as a page, a table and JSON.
 *
 * After an interruption the same call goes on: finished runs and points are read from the folder, and the run in progress resumes
 * from its newest checkpoint.
 *
 * @throws {DpoError} `cli.usage` for options, `frontier.…` for recipes, `frontier.changed` when the folder holds a frontier of another
 *   recipe, and whatever can be wrong with models, rewards, places and trainings
 * @throws the reason of the signal, when the signal is aborted
 */
export async function frontierRun(config: FrontierConfig, options: FrontierRunOptions = {}): Promise<FrontierResult> {
  const { recipe, ...others } = config;
  const recipePath = typeof recipe === 'string' ? { recipe } : {};
  const checkedOptions = checkOptions(frontierOptions, { ...others, ...recipePath });
  const outputs = await holdOutputs({ name: 'frontier', options: frontierOptions }, checkedOptions);
  try {
    const { beforeData, defaultModel } = options;
    return await checkAndRun(checkedOptions, recipe, { ...runContext(options), beforeData, defaultModel });
  } finally {
    await outputs.release();
  }
}

async function checkAndRun(options: CheckedOptions, source: RecipeOrPath, context: Context): Promise<FrontierResult> {
  const { output, preset, model } = options;
  const recipe = await resolveRecipe({ preset, model, recipe: source, defaultModel: context.defaultModel }, context);
  const runs = plannedRuns(recipe);
  const checks = [checkOpens, ...(recipe.learnedReward === undefined ? [] : [rewardCheck(recipe.learnedReward)])];
  for (const check of checks) await checkModels({ model: recipe.model }, 'here', context, check);
  const trueReward = await findReward(recipe.reward, REWARD_SECONDS, context);
  await context.beforeData?.();
  for (const check of checks) await checkModels({ model: recipe.model }, 'hub', context, check);
  const { files } = await identityOf({ model: recipe.model }, undefined, context);
  const rewardFiles = Object.keys(trueReward.files).length > 0 ? { reward: trueReward.files } : {};
  const isResumed = await claimFrontier(output, { recipe, files: { ...files, ...rewardFiles } });
  if (isResumed)
    context.note(`Going on with the frontier in ${output}: finished runs and points are not computed again.`);
  const judge = await openJudge(recipe, trueReward, engineOf(options), context);
  try {
    const parts = { recipe, runs, judge, engine: engineOf(options) };
    const seeds = [...new Set(options.seeds)];
    const progress = frontierProgress(plannedWork(recipe, runs, seeds), context);
    const earlierSeeds: PointEvidence[] = [];
    for (const seed of seeds) {
      const folder = join(resolve(output), `seed-${seed}`);
      const onRun = async (points: readonly PointEvidence[]) => {
        await writeFiles(output, [...earlierSeeds, ...points], { recipe, complete: false });
      };
      earlierSeeds.push(...(await seedPoints({ ...parts, folder, seed, progress, onRun }, context)));
    }
    return await writeFiles(output, earlierSeeds, { recipe, complete: true });
  } finally {
    await judge.close();
  }
}

/** The reward model is trained from the same files: whatever they lack for a reward model is an error before anything is drawn. */
function rewardCheck({ padToken }: Readonly<Record<string, unknown>>): ModelCheck {
  return (name, context, checks) => checkOpensAsReward(name, context, { ...checks, padToken: padToken?.toString() });
}

async function writeFiles(
  folder: string,
  evidence: readonly PointEvidence[],
  { recipe, complete }: { readonly recipe: ResolvedRecipe; readonly complete: boolean },
): Promise<FrontierResult> {
  const bestOfN = evidence
    .filter(({ kind }) => kind === 'start')
    .flatMap((start) => recipe.bestOf.map((n) => bestOfNPoint(start, n)));
  const frontier = frontierOf([...measurePoints(evidence), ...bestOfN]);
  const page = await writeFrontier(folder, {
    frontier,
    recipe: { ...recipe },
    prompts: recipe.heldOutPrompts,
    complete,
  });
  return { frontier, page };
}

function engineOf({ engine, precision, threads, device, memoryLimit, xla, tf32 }: CheckedOptions) {
  return { engine, precision, threads, device, memoryLimit, xla, tf32 };
}
