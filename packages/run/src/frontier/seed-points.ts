import { join } from 'node:path';
import { makeFolder } from '@dpo/base/files';
import { readMetrics } from '@dpo/core';
import type { PointEvidence } from '@dpo/eval';
import type { RunContext } from '../context.js';
import type { EngineChoice } from '../options/engine-options.js';
import { budgetAt, type CostFacts, secondsOf } from './budgets.js';
import type { Judge } from './judge.js';
import { pairsOfSeed, type SeedData } from './pairs-of-seed.js';
import { startSamples, works } from './planned-work.js';
import type { FrontierProgress } from './progress.js';
import { type PlannedRun, pointSteps, type ResolvedRecipe, rewardRunOf } from './recipe.js';
import { pointFile, storedOrMeasured } from './stored-points.js';
import { checkpointOf, trainPlanned } from './train-planned.js';

/** What the points of a seed are computed with. */
export interface SeedOptions {
  /** The seed's folder. */
  readonly folder: string;
  readonly recipe: ResolvedRecipe;
  readonly runs: readonly PlannedRun[];
  readonly judge: Judge;
  readonly seed: number;
  readonly engine: EngineChoice;
  readonly progress: FrontierProgress;
  /** Called after the start and after each run, with all points of the seed so far. */
  readonly onRun: (points: readonly PointEvidence[]) => Promise<void>;
}

/** The reward model of a seed. */
interface RewardModel {
  /** Undefined when the recipe trains no reward model. */
  readonly folder?: string | undefined;
  /** Seconds that the training took; 0 without a reward model. */
  readonly seconds: number;
}

/**
 * Computes all points of a seed: makes the pairs, trains the reward model, measures the start, then trains and measures run by run.
 * Results that the seed's folder has from an earlier start are read.
 *
 * @throws what {@link pairsOfSeed}, {@link trainPlanned} and {@link storedOrMeasured} throw
 */
export async function seedPoints(options: SeedOptions, context: RunContext): Promise<PointEvidence[]> {
  const { folder, recipe, judge, seed, progress } = options;
  await makeFolder(join(folder, 'points'));
  const data = await progress.next(works.pairs(recipe, seed), (onShare) =>
    pairsOfSeed(folder, { recipe, judge, seed }, onShare),
  );
  const rewardModel = await trainRewardModel(options, data, context);
  const points = [await startPoint(options, rewardModel)];
  await options.onRun(points);
  for (const run of options.runs) {
    await train(run, options, { data, rewardModel }, context);
    const records = await readMetrics(join(folder, run.id));
    const facts = { run, records, pairs: data.facts, rewardSeconds: rewardModel.seconds };
    for (const step of pointSteps(run)) points.push(await trainedPoint(options, facts, rewardModel, step));
    await options.onRun(points);
  }
  return points;
}

async function trainRewardModel(options: SeedOptions, data: SeedData, context: RunContext): Promise<RewardModel> {
  const run = rewardRunOf(options.recipe);
  if (run === undefined) return { seconds: 0 };
  await train(run, options, { data, rewardModel: { seconds: 0 } }, context);
  const output = join(options.folder, run.id);
  return { folder: join(output, 'final'), seconds: secondsOf(run, await readMetrics(output)) };
}

function train(
  run: PlannedRun,
  { folder, recipe, seed, engine, progress }: SeedOptions,
  { data, rewardModel }: { readonly data: SeedData; readonly rewardModel: RewardModel },
  context: RunContext,
): Promise<void> {
  return progress.next(works.training(run, seed), (onShare) =>
    trainPlanned(
      run,
      join(folder, run.id),
      {
        recipe,
        data,
        seed,
        engine,
        rewardModel: rewardModel.folder,
        onRecord: ({ step }) => onShare(step / run.steps),
      },
      context,
    ),
  );
}

async function startPoint(options: SeedOptions, rewardModel: RewardModel): Promise<PointEvidence> {
  const { folder, recipe, judge, seed, progress } = options;
  const drawing = { samples: startSamples(recipe), seed: recipe.evaluation.seed + seed };
  const samples = await progress.next(works.start(recipe, seed), (onProgress) =>
    storedOrMeasured(pointFile(folder, 'start', 0), () =>
      judge.measure(undefined, { ...drawing, rewardModel: rewardModel.folder, onProgress }),
    ),
  );
  const budget = { samples: 0, rewardCalls: 0, tokens: 0, seconds: 0 };
  return { ...{ kind: 'start', method: 'Start', setting: '', seed, step: 0 }, budget, samples };
}

async function trainedPoint(
  options: SeedOptions,
  facts: CostFacts,
  rewardModel: RewardModel,
  step: number,
): Promise<PointEvidence> {
  const { folder, recipe, judge, seed, progress } = options;
  const { run } = facts;
  const drawing = { samples: recipe.evaluation.samples, seed: recipe.evaluation.seed + seed };
  const samples = await progress.next(works.point(recipe, run, seed, step), (onProgress) =>
    storedOrMeasured(pointFile(folder, run.id, step), async () => {
      const checkpoint = await checkpointOf(join(folder, run.id), step, step === run.steps);
      return judge.measure(checkpoint, { ...drawing, rewardModel: rewardModel.folder, onProgress });
    }),
  );
  const { method, setting } = run;
  return { ...{ kind: 'trained', method, setting, seed, step }, budget: budgetAt(facts, step), samples };
}
