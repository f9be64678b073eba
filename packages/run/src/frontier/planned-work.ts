import type { NamedWork } from './progress.js';
import { type PlannedRun, pointSteps, type ResolvedRecipe, rewardRunOf } from './recipe.js';

/** A run's name for people: `DPO, β 0.1, seed 0`. */
function nameOf({ method, setting }: Pick<PlannedRun, 'method' | 'setting'>, seed: number): string {
  return [method, setting, `seed ${seed}`].filter((part) => part !== '').join(', ');
}

/** Answers of the start to each held-out prompt: at least the largest N of Best-of-N. */
export function startSamples({ evaluation, bestOf }: Pick<ResolvedRecipe, 'evaluation' | 'bestOf'>): number {
  return Math.max(evaluation.samples, ...bestOf);
}

/** The pieces of a frontier's work. A unit is an answer that is drawn or trained on. */
export const works = {
  pairs: (recipe: ResolvedRecipe, seed: number): NamedWork => ({
    ...{ kind: 'drawing', name: `pairs, seed ${seed}` },
    units: recipe.prompts.length * recipe.pairs.samples,
  }),
  start: (recipe: ResolvedRecipe, seed: number): NamedWork => ({
    ...{ kind: 'drawing', name: `the start, seed ${seed}` },
    units: recipe.heldOutPrompts.length * startSamples(recipe),
  }),
  training: (run: PlannedRun, seed: number): NamedWork => ({
    ...{ kind: `${run.command} ${String(run.options.method ?? '')}`, name: nameOf(run, seed) },
    units: run.steps * run.answers,
  }),
  point: (recipe: ResolvedRecipe, run: PlannedRun, seed: number, step: number): NamedWork => ({
    ...{ kind: 'point', name: `${nameOf(run, seed)}, step ${step}, measured` },
    units: recipe.heldOutPrompts.length * recipe.evaluation.samples,
  }),
};

/** All work of a frontier, in the order in which the frontier does the pieces. */
export function plannedWork(
  recipe: ResolvedRecipe,
  runs: readonly PlannedRun[],
  seeds: readonly number[],
): NamedWork[] {
  const rewardRun = rewardRunOf(recipe);
  return seeds.flatMap((seed) => [
    works.pairs(recipe, seed),
    ...(rewardRun === undefined ? [] : [works.training(rewardRun, seed)]),
    works.start(recipe, seed),
    ...runs.flatMap((run) => [
      works.training(run, seed),
      ...pointSteps(run).map((step) => works.point(recipe, run, seed, step)),
    ]),
  ]);
}
