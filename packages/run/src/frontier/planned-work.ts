import type { NamedWork } from './progress.js';
import { type PlannedRun, pointSteps, type ResolvedRecipe, rewardRunOf } from './recipe.js';

/** What a run is called for people: `DPO, β 0.1, seed 0`. */
function nameOf({ method, setting }: Pick<PlannedRun, 'method' | 'setting'>, seed: number): string {
  return [method, setting, `seed ${seed}`].filter((part) => part !== '').join(', ');
}

/** Answers to each held-out prompt that are drawn of the start: Best-of-N needs N of them. */
export function startSamples({ evaluation, bestOf }: Pick<ResolvedRecipe, 'evaluation' | 'bestOf'>): number {
  return Math.max(evaluation.samples, ...bestOf);
}

/** The pieces of work of a frontier by their sizes, in answers that are drawn or trained on. */
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

/** All work of a frontier, in its order. */
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
