import { DpoError } from '@dpo/base';
import { z } from 'zod';
import { checkOptions } from '../options/check-options.js';
import { rewardOptions } from '../options/reward-options.js';
import { rlOptions } from '../options/rl-options.js';
import { sftOptions } from '../options/sft-options.js';
import { trainOptions } from '../options/train-options.js';

const prompts = z.union([z.array(z.string().min(1)).min(2), z.string().min(1)]);
const options = z.record(z.string(), z.unknown());

/** The options of each command that a recipe's runs can be. */
const optionsOfCommands = { train: trainOptions, sft: sftOptions, reward: rewardOptions, rl: rlOptions } as const;

/** The recipe of a frontier: its model, its reward, its prompts and its runs. All seeds have the same recipe. */
export const recipeSchema = z.strictObject({
  model: z.string().min(1).optional().meta({ description: 'The model from which all runs train, and their reference' }),
  reward: z.string().default('vader').meta({ description: 'The true reward: vader, FILE.mjs or a reward model' }),
  prompts: prompts.meta({ description: 'Texts to train on, or a JSONL file of prompts' }),
  heldOutPrompts: prompts.meta({ description: 'Texts to measure on, or a JSONL file of prompts' }),
  maxNewTokens: z.int().positive().default(24).meta({ description: 'Longest answer, in tokens' }),
  loraRank: z.int().positive().optional().meta({ description: 'Trains adapters of this rank instead of all weights' }),
  loraAlpha: z.number().positive().optional().meta({ description: 'LoRA scale is alpha / rank [2 x rank]' }),
  pairs: z
    .strictObject({
      samples: z.int().min(2).default(8).meta({ description: 'Answers to each prompt, from which pairs are made' }),
      perPrompt: z.int().positive().default(3).meta({ description: 'Most pairs of a prompt' }),
    })
    .prefault({}),
  evaluation: z
    .strictObject({
      samples: z.int().positive().default(2).meta({ description: 'Answers to each held-out prompt at every point' }),
      seed: z.int().default(7).meta({ description: 'Seed of the answers to held-out prompts' }),
    })
    .prefault({}),
  bestOf: z.array(z.int().min(2)).default([]).meta({ description: 'Each N of Best-of-N, which draws from the start' }),
  learnedReward: options.optional().meta({ description: 'Options of dpo reward, which trains on the pairs' }),
  runs: z
    .array(
      z.strictObject({
        method: z.string().min(1).meta({ description: 'The name of the run in the figure' }),
        command: z.enum(['train', 'sft', 'rl']),
        options: options.default({}),
        over: z.record(z.string(), z.array(z.unknown()).min(1)).optional(),
        label: z.string().optional().meta({ description: 'The name of the option of `over` in the figure' }),
        points: z.int().positive().default(1).meta({ description: 'Checkpoints that become points' }),
      }),
    )
    .min(1),
});

/** A recipe as a file or a program gives it: keys with defaults may be left out. */
export type FrontierRecipe = z.input<typeof recipeSchema>;

/** A recipe with all defaults. */
export type Recipe = z.output<typeof recipeSchema>;

/** A recipe with its model and with the texts of its prompts, as `recipe.json` keeps the recipe. */
export interface ResolvedRecipe extends Recipe {
  readonly model: string;
  readonly prompts: string[];
  readonly heldOutPrompts: string[];
}

/** A run of a recipe. All seeds have the same runs. */
export interface PlannedRun {
  /** The name of the run's folder. */
  readonly id: string;
  /** The method's name in the figure. */
  readonly method: string;
  /** The value of `over` that the run has: `β 0.1`; empty without `over`. */
  readonly setting: string;
  readonly command: 'train' | 'sft' | 'reward' | 'rl';
  /** The run's own options, by the keys of its command. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Updates of the whole run. */
  readonly steps: number;
  /** Steps from a checkpoint to the next. */
  readonly every: number;
  /** Pairs of an update; prompts in a run of `rl`. */
  readonly examples: number;
  /** Minibatches of a batch of answers: updates that train once on the batch. 1 in runs on pairs. */
  readonly perBatch: number;
  /** Answers of an update, which are drawn or trained on. */
  readonly answers: number;
}

/** Options that the frontier sets for every run. */
const FRONTIER_OPTIONS = [
  ...['model', 'data', 'output', 'seed', 'loraRank', 'loraAlpha', 'adapter', 'ref', 'config', 'saveSteps'],
  ...['keepCheckpoints', 'resume', 'resumeFrom', 'overwrite', 'evalData', 'evalSteps', 'maxNewTokens', 'preset'],
];

/** The value of the option `reward` with which a run of `rl` names the reward model that the recipe trains. */
export const LEARNED_REWARD = 'learned';

/**
 * The runs of a recipe, in the recipe's order. A run with `over` becomes a run to each value.
 *
 * @throws {DpoError} `frontier.bad-run` when the command of a run does not take its options, when the frontier sets one of them itself,
 *   and when two runs have the same name; `frontier.no-reward-model` when a run needs a reward model and the recipe trains none
 */
export function plannedRuns(recipe: Recipe): PlannedRun[] {
  const runs = recipe.runs.flatMap(({ method, command, options: shared, over, label, points }) => {
    const [axis, ...more] = Object.entries(over ?? {});
    if (more.length > 0)
      throw badRun(method, 'varies more than one option', 'Write a run for each value of the other options.');
    if (axis === undefined)
      return [plannedRun({ id: slug(method), method, setting: '', command, options: shared }, points)];
    const [key, values] = axis;
    return values.map((value) => {
      const setting = `${label ?? key} ${String(value)}`;
      const id = slug(`${method} ${key} ${String(value)}`);
      return plannedRun({ id, method, setting, command, options: { ...shared, [key]: value } }, points);
    });
  });
  const duplicate = runs.find(({ id }, i) => runs.findIndex((other) => other.id === id) < i || id === REWARD_RUN);
  if (duplicate !== undefined)
    throw badRun(duplicate.id, 'occurs twice', 'Give each run a method or a setting of its own.');
  const runWithLearnedReward = runs.find(({ options: { reward } }) => reward === LEARNED_REWARD);
  if (runWithLearnedReward !== undefined && recipe.learnedReward === undefined)
    throw new DpoError(
      'frontier.no-reward-model',
      `The run ${runWithLearnedReward.method} needs a learned reward, but the recipe trains no reward model.`,
      {
        values: { run: runWithLearnedReward.id },
        hint: 'Add learnedReward with the options of dpo reward, such as {"maxSteps": 20}.',
      },
    );
  return runs;
}

const REWARD_RUN = 'reward-model';

/**
 * The training of the reward model; undefined when the recipe trains none.
 *
 * @throws {DpoError} `frontier.bad-run` when `dpo reward` does not take the options
 */
export function rewardRunOf({ learnedReward }: Recipe): PlannedRun | undefined {
  if (learnedReward === undefined) return undefined;
  const run = {
    id: REWARD_RUN,
    method: 'reward model',
    setting: '',
    command: 'reward',
    options: learnedReward,
  } as const;
  return plannedRun(run, 1);
}

function plannedRun(
  run: Pick<PlannedRun, 'id' | 'method' | 'setting' | 'command' | 'options'>,
  points: number,
): PlannedRun {
  const name = run.setting === '' ? run.method : `${run.method}, ${run.setting}`;
  const conflict = Object.keys(run.options).find((key) => FRONTIER_OPTIONS.includes(key));
  if (conflict !== undefined)
    throw badRun(
      name,
      `gives ${conflict}, which the frontier sets for all runs`,
      `Leave ${conflict} out of the run's options.`,
    );
  const { maxSteps: steps } = run.options;
  if (typeof steps !== 'number' || !Number.isInteger(steps) || steps < 1)
    throw badRun(name, 'has no maxSteps', 'Add maxSteps, the number of updates, to its options.');
  // Stand-ins for the required options that the frontier sets: here only the run's own options are checked.
  const places = { model: 'model', data: 'data', output: 'output' };
  const standIns = run.command === 'rl' ? { reward: 'vader', ...places } : places;
  let checkedOptions: Readonly<Record<string, unknown>>;
  try {
    checkedOptions = checkOptions(optionsOfCommands[run.command], { ...standIns, ...run.options });
  } catch (cause) {
    throw badRun(name, `cannot be run: ${(cause as Error).message.replace(/\.$/, '')}`, undefined, cause);
  }
  return { ...run, steps, every: Math.ceil(steps / Math.min(points, steps)), ...sizeOf(checkedOptions) };
}

/** The size of an update. */
function sizeOf(options: Readonly<Record<string, unknown>>): Pick<PlannedRun, 'examples' | 'perBatch' | 'answers'> {
  const {
    batchSize,
    gradAccumulation = 1,
    promptsPerBatch,
    minibatches = 1,
    samples = 1,
  } = options as Readonly<Record<string, number>>;
  if (promptsPerBatch === undefined) {
    const examples = (batchSize ?? 1) * gradAccumulation;
    return { examples, perBatch: 1, answers: 2 * examples };
  }
  const examples = promptsPerBatch / minibatches;
  return { examples, perBatch: minibatches, answers: examples * samples };
}

function badRun(run: string, what: string, hint: string | undefined, cause?: unknown): DpoError {
  return new DpoError('frontier.bad-run', `The run ${run} ${what}.`, {
    values: { run },
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|-+$/g, '');
}

/** The steps whose checkpoints become points: the multiples of `every`, and the last step. */
export function pointSteps({ steps, every }: Pick<PlannedRun, 'steps' | 'every'>): number[] {
  const multiples = Array.from({ length: Math.floor(steps / every) }, (_, i) => (i + 1) * every);
  return multiples.at(-1) === steps ? multiples : [...multiples, steps];
}
