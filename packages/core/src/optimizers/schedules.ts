import { DpoError, nearest } from '@dpo/base';

/** What is left of the learning rate once a share of the steps after the warm-up is done: from [0, 1] to [0, 1]. */
export type Schedule = (progress: number) => number;

/** The schedules by the names that `--schedule` takes. */
export const schedules = {
  constant: () => 1,
  /** Straight down to 0. */
  linear: (progress) => 1 - progress,
  /** Half a cosine down to 0. */
  cosine: (progress) => 0.5 * (1 + Math.cos(Math.PI * progress)),
} as const satisfies Readonly<Record<string, Schedule>>;

export type ScheduleName = keyof typeof schedules;

export interface LearningRateOptions {
  readonly learningRate: number;
  readonly schedule?: ScheduleName | Schedule | undefined;
  /** Steps over which the rate rises from 0; 0 for none. */
  readonly warmupSteps?: number | undefined;
  /** The run's last step, which decaying schedules end after. */
  readonly steps: number;
}

/**
 * The learning rate of each step k, from 1:
 *
 *     k ≤ warm-up:  η · k / warm-up
 *     after:        η · schedule((k − 1 − warm-up) / (steps − warm-up))
 *
 * so that the first step already moves, and linear and cosine are at k − 1 for step k, as transformers' schedulers.
 *
 * @throws DpoError `schedule.unknown` for a name that is none
 */
export function learningRates(options: LearningRateOptions): (step: number) => number {
  const { learningRate, warmupSteps = 0, steps } = options;
  const schedule = typeof options.schedule === 'function' ? options.schedule : byName(options.schedule ?? 'constant');
  return (step) => {
    if (step <= warmupSteps) return (learningRate * step) / warmupSteps;
    const progress = (step - 1 - warmupSteps) / Math.max(1, steps - warmupSteps);
    return learningRate * Math.max(0, schedule(Math.min(1, progress)));
  };
}

function byName(name: string): Schedule {
  if (Object.hasOwn(schedules, name)) return schedules[name as ScheduleName];
  const known = Object.keys(schedules);
  const near = nearest(name, known);
  throw new DpoError('schedule.unknown', `There is no schedule named ${JSON.stringify(name)}.`, {
    values: { name, known },
    hint: near === undefined ? `Known: ${known.join(', ')}.` : `Did you mean ${near}?`,
  });
}
