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

/** The options of `dpo frontier`, by their keys; the recipe may be given itself. */
export type FrontierConfig = Omit<z.input<typeof frontierOptions>, 'recipe'> & {
  readonly recipe?: string | FrontierRecipe | undefined;
};

/** What a frontier came to. */
export interface FrontierResult {
  readonly frontier: Frontier;
  /** The page; `frontier.csv` and `frontier.json` lie beside it. */
  readonly page: string;
}

/** How a frontier speaks, and where its model comes from. */
export interface FrontierRunOptions extends Omit<RunOptions, 'cluster' | 'sinks'> {
  /** Finds the model where neither the recipe nor the options name one. */
  readonly defaultModel?: (() => Promise<string>) | undefined;
}

type Context = RunContext & Pick<FrontierRunOptions, 'beforeData' | 'defaultModel'>;
type Given = z.output<typeof frontierOptions> & { readonly source: string | FrontierRecipe | undefined };

/**
 * Trains every run of a recipe for every seed, measures every checkpoint on held-out prompts, and writes reward against KL as a page,
 * a table and JSON: what `dpo frontier` does. A frontier that was interrupted is gone on with: finished runs and points are taken as
 * they are, the run in progress goes on from its checkpoint.
 *
 * @throws DpoError `cli.usage` for options, `frontier.…` for recipes, `frontier.changed` where the folder holds a frontier of another
 *   recipe, and what models, rewards, places and trainings can be wrong with. Aborting throws the signal's reason
 */
export async function frontierRun(config: FrontierConfig, options: FrontierRunOptions = {}): Promise<FrontierResult> {
  const { recipe: source, ...others } = config;
  const named = typeof source === 'string' ? { recipe: source } : {};
  const given = { ...checkOptions(frontierOptions, { ...others, ...named }), source };
  const held = await holdOutputs({ name: 'frontier', options: frontierOptions }, given);
  try {
    const { beforeData, defaultModel } = options;
    return await prepared(given, { ...runContext(options), beforeData, defaultModel });
  } finally {
    await held.release();
  }
}

async function prepared(given: Given, context: Context): Promise<FrontierResult> {
  const { output, preset, model, source } = given;
  const recipe = await resolveRecipe({ preset, model, recipe: source, defaultModel: context.defaultModel }, context);
  const runs = plannedRuns(recipe);
  const checks = [checkOpens, ...(recipe.learnedReward === undefined ? [] : [asReward(recipe.learnedReward)])];
  for (const check of checks) await checkModels({ model: recipe.model }, 'here', context, check);
  const found = await findReward(recipe.reward, REWARD_SECONDS, context);
  await context.beforeData?.();
  for (const check of checks) await checkModels({ model: recipe.model }, 'hub', context, check);
  const { files } = await identityOf({ model: recipe.model }, undefined, context);
  const reward = Object.keys(found.files).length > 0 ? { reward: found.files } : {};
  const isThere = await claimFrontier(output, { recipe, files: { ...files, ...reward } });
  if (isThere) context.note(`Going on with the frontier in ${output}: what is there is not computed again.`);
  const judge = await openJudge(recipe, found, engineOf(given), context);
  try {
    const parts = { recipe, runs, judge, engine: engineOf(given) };
    const seeds = [...new Set(given.seeds)];
    const progress = frontierProgress(plannedWork(recipe, runs, seeds), context);
    const finished: PointEvidence[] = [];
    for (const seed of seeds) {
      const folder = join(resolve(output), `seed-${seed}`);
      const onRun = async (points: readonly PointEvidence[]) => {
        await write(output, [...finished, ...points], { recipe, complete: false });
      };
      finished.push(...(await seedPoints({ ...parts, folder, seed, progress, onRun }, context)));
    }
    return await write(output, finished, { recipe, complete: true });
  } finally {
    await judge.close();
  }
}

/** A reward model is made of the same files: what it lacks of them is known before anything is drawn. */
function asReward({ padToken }: Readonly<Record<string, unknown>>): ModelCheck {
  return (name, context, checks) => checkOpensAsReward(name, context, { ...checks, padToken: padToken?.toString() });
}

async function write(
  folder: string,
  evidence: readonly PointEvidence[],
  { recipe, complete }: { readonly recipe: ResolvedRecipe; readonly complete: boolean },
): Promise<FrontierResult> {
  const measured = measurePoints(evidence);
  const best = evidence
    .filter(({ kind }) => kind === 'start')
    .flatMap((start) => recipe.bestOf.map((n) => bestOfNPoint(start, n)));
  const frontier = frontierOf([...measured, ...best]);
  const page = await writeFrontier(folder, {
    frontier,
    recipe: { ...recipe },
    prompts: recipe.heldOutPrompts,
    complete,
  });
  return { frontier, page };
}

function engineOf({ engine, precision, threads, device, memoryLimit, xla, tf32 }: Given) {
  return { engine, precision, threads, device, memoryLimit, xla, tf32 };
}
