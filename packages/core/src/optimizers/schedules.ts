import { DpoError, nearest } from '@dpo/base';

/** The factor of the learning rate when a share of the steps after the warm-up is done: from [0, 1] to [0, 1]. */
export type Schedule = (progress: number) => number;

/** The schedules by the names that `--schedule` takes. */
export const schedules = {
  constant: () => 1,
  /** Straight down to 0. */
  linear: (progress) => 1 - progress,
  /** Half a cosine down to 0. */
  cosine: (progress) => 0.5 * (1 + Math.cos(Math.PI * progress)),
} as const satisfies Readonly<Record<string, Schedule>>;

/** A name in {@link schedules}. */
export type ScheduleName = keyof typeof schedules;

/** How the learning rate changes over a run. */
export interface LearningRateOptions {
  /** η: the learning rate after the warm-up. */
  readonly learningRate: number;
  /** A schedule, or its name. Default `constant`. */
  readonly schedule?: ScheduleName | Schedule | undefined;
  /** The number of steps over which the rate rises from 0. Default 0. */
  readonly warmupSteps?: number | undefined;
  /** The run's last step, after which decaying schedules reach 0. */
  readonly steps: number;
}

/**
 * The learning rate of each step k, from 1:
 *
 *     k ≤ warm-up:  η · k / warm-up
 *     after:        η · schedule((k − 1 − warm-up) / (steps − warm-up))
 *
 * so that the first step has a learning rate above 0, and step k of a linear or cosine schedule has the value of k − 1, as in
 * transformers' schedulers.
 *
 * @throws DpoError `schedule.unknown` when no schedule has the name
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
  const names = Object.keys(schedules);
  const near = nearest(name, names);
  throw new DpoError('schedule.unknown', `There is no schedule named ${JSON.stringify(name)}.`, {
    values: { name, known: names },
    hint: near === undefined ? `The schedules are ${names.join(', ')}.` : `Did you mean ${near}?`,
  });
}
