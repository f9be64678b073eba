import { join } from 'node:path';
import { makeFolder } from '@dpo/base/files';
import { readMetrics } from '@dpo/core';
import type { PointEvidence } from '@dpo/eval';
import type { RunContext } from '../context.js';
import type { EngineChoice } from '../options/engine-options.js';
import { budgetAt, type Spent, secondsOf } from './budgets.js';
import type { Judge } from './judge.js';
import { pairsOfSeed, type SeedData } from './pairs-of-seed.js';
import { startSamples, works } from './planned-work.js';
import type { FrontierProgress } from './progress.js';
import { type PlannedRun, pointSteps, type ResolvedRecipe, rewardRunOf } from './recipe.js';
import { pointFile, storedOrMeasured } from './stored-points.js';
import { checkpointOf, trainPlanned } from './train-planned.js';

/** What the points of a seed are made with. */
export interface SeedGiven {
  /** The seed's folder. */
  readonly folder: string;
  readonly recipe: ResolvedRecipe;
  readonly runs: readonly PlannedRun[];
  readonly judge: Judge;
  readonly seed: number;
  readonly engine: EngineChoice;
  readonly progress: FrontierProgress;
  /** Told after each run with all points of the seed so far. */
  readonly onRun: (points: readonly PointEvidence[]) => Promise<void>;
}

/** The reward model of a seed, where there is one. */
interface Learned {
  readonly folder?: string | undefined;
  readonly seconds: number;
}

/**
 * All points of a seed: pairs, the reward model, the start, then run by run. What is in the folder already is not computed again.
 */
export async function seedPoints(given: SeedGiven, context: RunContext): Promise<PointEvidence[]> {
  const { folder, recipe, judge, seed, progress } = given;
  await makeFolder(join(folder, 'points'));
  const data = await progress.next(works.pairs(recipe, seed), (onShare) =>
    pairsOfSeed(folder, { recipe, judge, seed }, onShare),
  );
  const learned = await rewardModel(given, data, context);
  const points = [await startPoint(given, learned)];
  await given.onRun(points);
  for (const run of given.runs) {
    await trained(run, given, { data, learned }, context);
    const records = await readMetrics(join(folder, run.id));
    const spent = { run, records, pairs: data.facts, rewardSeconds: learned.seconds };
    for (const step of pointSteps(run)) points.push(await trainedPoint(given, spent, learned, step));
    await given.onRun(points);
  }
  return points;
}

async function rewardModel(given: SeedGiven, data: SeedData, context: RunContext): Promise<Learned> {
  const run = rewardRunOf(given.recipe);
  if (run === undefined) return { seconds: 0 };
  await trained(run, given, { data, learned: { seconds: 0 } }, context);
  const output = join(given.folder, run.id);
  return { folder: join(output, 'final'), seconds: secondsOf(run, await readMetrics(output)) };
}

function trained(
  run: PlannedRun,
  { folder, recipe, seed, engine, progress }: SeedGiven,
  { data, learned }: { readonly data: SeedData; readonly learned: Learned },
  context: RunContext,
): Promise<void> {
  return progress.next(works.training(run, seed), (onShare) =>
    trainPlanned(
      run,
      join(folder, run.id),
      { recipe, data, seed, engine, learned: learned.folder, onRecord: ({ step }) => onShare(step / run.steps) },
      context,
    ),
  );
}

async function startPoint(given: SeedGiven, learned: Learned): Promise<PointEvidence> {
  const { folder, recipe, judge, seed, progress } = given;
  const drawing = { samples: startSamples(recipe), seed: recipe.evaluation.seed + seed, learned: learned.folder };
  const samples = await progress.next(works.start(recipe, seed), (onProgress) =>
    storedOrMeasured(pointFile(folder, 'start', 0), () => judge.measure(undefined, { ...drawing, onProgress })),
  );
  const budget = { samples: 0, rewardCalls: 0, tokens: 0, seconds: 0 };
  return { ...{ kind: 'start', method: 'Start', setting: '', seed, step: 0 }, budget, samples };
}

async function trainedPoint(given: SeedGiven, spent: Spent, learned: Learned, step: number): Promise<PointEvidence> {
  const { folder, recipe, judge, seed, progress } = given;
  const { run } = spent;
  const drawing = {
    ...{ samples: recipe.evaluation.samples, seed: recipe.evaluation.seed + seed, learned: learned.folder },
  };
  const samples = await progress.next(works.point(recipe, run, seed, step), (onProgress) =>
    storedOrMeasured(pointFile(folder, run.id, step), async () => {
      const checkpoint = await checkpointOf(join(folder, run.id), step, step === run.steps);
      return judge.measure(checkpoint, { ...drawing, onProgress });
    }),
  );
  const { method, setting } = run;
  return { ...{ kind: 'trained', method, setting, seed, step }, budget: budgetAt(spent, step), samples };
}
