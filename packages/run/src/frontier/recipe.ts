import { DpoError } from '@dpo/base';
import { z } from 'zod';
import { checkOptions } from '../options/check-options.js';
import { rewardOptions } from '../options/reward-options.js';
import { rlOptions } from '../options/rl-options.js';
import { sftOptions } from '../options/sft-options.js';
import { trainOptions } from '../options/train-options.js';

const prompts = z.union([z.array(z.string().min(1)).min(2), z.string().min(1)]);
const options = z.record(z.string(), z.unknown());

/** The tables of options of what a recipe's runs may be. */
const commands = { train: trainOptions, sft: sftOptions, reward: rewardOptions, rl: rlOptions } as const;

/** What a frontier is made of. The same for all seeds. */
export const recipeSchema = z.strictObject({
  model: z.string().min(1).optional().meta({ description: 'What all runs start from, and the reference' }),
  reward: z.string().default('vader').meta({ description: 'The true reward: vader, FILE.mjs or a reward model' }),
  prompts: prompts.meta({ description: 'Texts to train on, or a JSONL file of prompts' }),
  heldOutPrompts: prompts.meta({ description: 'Texts to measure on, or a JSONL file of prompts' }),
  maxNewTokens: z.int().positive().default(24).meta({ description: 'Longest answer, in tokens' }),
  loraRank: z.int().positive().optional().meta({ description: 'Trains adapters of this rank instead of all weights' }),
  loraAlpha: z.number().positive().optional().meta({ description: 'LoRA scale is alpha / rank [2 x rank]' }),
  pairs: z
    .strictObject({
      samples: z.int().min(2).default(8).meta({ description: 'Answers to a prompt that pairs are made of' }),
      perPrompt: z.int().positive().default(3).meta({ description: 'Pairs of a prompt, at most' }),
    })
    .prefault({}),
  evaluation: z
    .strictObject({
      samples: z.int().positive().default(2).meta({ description: 'Answers to a held-out prompt, at every point' }),
      seed: z.int().default(7).meta({ description: 'Seed of these answers' }),
    })
    .prefault({}),
  bestOf: z.array(z.int().min(2)).default([]).meta({ description: 'The N of Best-of-N of the start' }),
  learnedReward: options.optional().meta({ description: 'Options of dpo reward, on the pairs' }),
  runs: z
    .array(
      z.strictObject({
        method: z.string().min(1).meta({ description: 'What the run is called in the figure' }),
        command: z.enum(['train', 'sft', 'rl']),
        options: options.default({}),
        over: z.record(z.string(), z.array(z.unknown()).min(1)).optional(),
        label: z.string().optional().meta({ description: 'How the option of `over` is written in the figure' }),
        points: z.int().positive().default(1).meta({ description: 'Checkpoints that become points' }),
      }),
    )
    .min(1),
});

/** A recipe as it is written. */
export type FrontierRecipe = z.input<typeof recipeSchema>;

/** A recipe with all defaults. */
export type Recipe = z.output<typeof recipeSchema>;

/** A recipe whose prompts and model are known: what is stored with the frontier. */
export interface ResolvedRecipe extends Recipe {
  readonly model: string;
  readonly prompts: string[];
  readonly heldOutPrompts: string[];
}

/** A run of a recipe, for any seed. */
export interface PlannedRun {
  /** The name of its folder. */
  readonly id: string;
  readonly method: string;
  readonly setting: string;
  readonly command: 'train' | 'sft' | 'reward' | 'rl';
  readonly options: Readonly<Record<string, unknown>>;
  readonly steps: number;
  /** A checkpoint is kept every so many steps. */
  readonly every: number;
  /** Examples of an update: pairs, or prompts. */
  readonly examples: number;
  /** Updates to go once through what an update is a part of: the minibatches of a batch of answers. */
  readonly perBatch: number;
  /** Answers that an update trains on or draws. */
  readonly answers: number;
}

/** What the frontier settles for every run. */
const OWN = [
  ...['model', 'data', 'output', 'seed', 'loraRank', 'loraAlpha', 'adapter', 'ref', 'config', 'saveSteps'],
  ...['keepCheckpoints', 'resume', 'resumeFrom', 'overwrite', 'evalData', 'evalSteps', 'maxNewTokens', 'preset'],
];

/** What a run of `dpo rl` calls the reward model that the recipe trains. */
export const LEARNED = 'learned';

/**
 * The runs of a recipe, one to each value of `over`, in their order.
 *
 * @throws DpoError `frontier.bad-run` for a run whose options its command does not take, or that the frontier settles itself,
 *   and for two runs of one name; `frontier.no-reward-model` for a run that needs one where the recipe trains none
 */
export function plannedRuns(recipe: Recipe): PlannedRun[] {
  const runs = recipe.runs.flatMap(({ method, command, options: shared, over, label, points }) => {
    const [varied, ...more] = Object.entries(over ?? {});
    if (more.length > 0)
      throw badRun(method, 'varies more than one option', 'Write a run for each value of the others.');
    const settings = varied === undefined ? [undefined] : varied[1].map((value) => [varied[0], value] as const);
    return settings.map((setting) => {
      const own = setting === undefined ? shared : { ...shared, [setting[0]]: setting[1] };
      const says = setting === undefined ? '' : `${label ?? setting[0]} ${String(setting[1])}`;
      const id = slug(setting === undefined ? method : `${method} ${setting[0]} ${String(setting[1])}`);
      return planned({ id, method, setting: says, command, options: own }, points);
    });
  });
  const twice = runs.find(({ id }, i) => runs.findIndex((other) => other.id === id) < i || id === REWARD_RUN);
  if (twice !== undefined) throw badRun(twice.id, 'is there twice', 'Give each run a method or a setting of its own.');
  const needy = runs.find(({ options: { reward } }) => reward === LEARNED);
  if (needy !== undefined && recipe.learnedReward === undefined)
    throw new DpoError(
      'frontier.no-reward-model',
      `${needy.method} needs a learned reward, and the recipe trains none.`,
      {
        values: { run: needy.id },
        hint: 'Add learnedReward with the options of dpo reward, such as {"maxSteps": 20}.',
      },
    );
  return runs;
}

const REWARD_RUN = 'reward-model';

/** The training of the reward model, where the recipe has one. */
export function rewardRunOf({ learnedReward }: Recipe): PlannedRun | undefined {
  if (learnedReward === undefined) return undefined;
  const run = {
    id: REWARD_RUN,
    method: 'reward model',
    setting: '',
    command: 'reward',
    options: learnedReward,
  } as const;
  return planned(run, 1);
}

function planned(
  run: Pick<PlannedRun, 'id' | 'method' | 'setting' | 'command' | 'options'>,
  points: number,
): PlannedRun {
  const name = run.setting === '' ? run.method : `${run.method}, ${run.setting}`;
  const taken = Object.keys(run.options).find((key) => OWN.includes(key));
  if (taken !== undefined)
    throw badRun(name, `gives ${taken}, which the frontier settles for all runs`, `Leave ${taken} out of its options.`);
  const { maxSteps: steps } = run.options;
  if (typeof steps !== 'number' || !Number.isInteger(steps) || steps < 1)
    throw badRun(name, 'has no maxSteps', 'Give its options maxSteps, the number of updates.');
  const settled = { model: 'model', data: 'data', output: 'output' };
  const given = run.command === 'rl' ? { reward: 'vader', ...settled } : settled;
  let checked: Readonly<Record<string, unknown>>;
  try {
    checked = checkOptions(commands[run.command], { ...given, ...run.options });
  } catch (cause) {
    throw badRun(name, `cannot be run: ${(cause as Error).message.replace(/\.$/, '')}`, undefined, cause);
  }
  return { ...run, steps, every: Math.ceil(steps / Math.min(points, steps)), ...sizeOf(checked) };
}

/** How much an update works on. */
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

/** The steps whose checkpoints become points: multiples of `every`, and the last one. */
export function pointSteps({ steps, every }: Pick<PlannedRun, 'steps' | 'every'>): number[] {
  const found = Array.from({ length: Math.floor(steps / every) }, (_, i) => (i + 1) * every);
  return found.at(-1) === steps ? found : [...found, steps];
}
