import type { RunContext } from '../context.js';
import { duration } from '../format.js';
import { type FinishedWork, secondsFor, type Work } from './time-left.js';

/** A piece of work with its name for people. */
export interface NamedWork extends Work {
  readonly name: string;
}

/** Shows how far a frontier is, and how long the rest will take. */
export interface FrontierProgress {
  /**
   * Does the next piece of work.
   *
   * A piece whose result an earlier start of the frontier stored takes no time, and does not count in the estimate of the rest.
   *
   * @param compute does the work, and calls `onShare` with the finished share from 0 to 1
   * @returns what `compute` returns
   */
  next<T>(work: NamedWork, compute: (onShare: (share: number) => void) => Promise<T>): Promise<T>;
}

/** Seconds within which a piece of work counts as stored before. */
const NO_TIME = 0.05;

/**
 * Shows the progress of a frontier on one line.
 *
 * @param pieces all work of the frontier, in the order in which the frontier does the pieces
 */
export function frontierProgress(
  pieces: readonly NamedWork[],
  context: Pick<RunContext, 'progress'>,
): FrontierProgress {
  const finished: FinishedWork[] = [];
  let place = 0;
  return {
    async next(work, compute) {
      const rest = pieces.slice(++place);
      const start = performance.now();
      const onShare = (share: number) => {
        const seconds = (performance.now() - start) / 1000;
        const soFar = share > 0 ? [...finished, { ...work, units: share * work.units, seconds }] : finished;
        const secondsLeft = secondsFor([{ ...work, units: (1 - share) * work.units }, ...rest], soFar);
        const time = secondsLeft === undefined ? '' : `  ${duration(secondsLeft)} left`;
        context.progress(`${place}/${pieces.length} ${work.name}: ${Math.round(100 * share)} %${time}`);
      };
      onShare(0);
      const result = await compute(onShare);
      const seconds = (performance.now() - start) / 1000;
      if (seconds > NO_TIME) finished.push({ ...work, seconds });
      return result;
    },
  };
}
