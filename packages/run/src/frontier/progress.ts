import type { RunContext } from '../context.js';
import { duration } from '../format.js';
import { type DoneWork, secondsFor, type Work } from './time-left.js';

/** A piece of work with what it is called. */
export interface NamedWork extends Work {
  readonly name: string;
}

/** Tells how far a frontier is, and how long the rest will take. */
export interface FrontierProgress {
  /** Does the next piece of work. `onShare` is told what share of it is done. Work that was there already takes no time, and says nothing of the rest. */
  next<T>(work: NamedWork, part: (onShare: (share: number) => void) => Promise<T>): Promise<T>;
}

/** Less than this takes what is there already. */
const NOTHING = 0.05;

/** @param all the work of the frontier, in the order in which it is done */
export function frontierProgress(all: readonly NamedWork[], context: Pick<RunContext, 'progress'>): FrontierProgress {
  const done: DoneWork[] = [];
  let place = 0;
  return {
    async next(work, part) {
      const rest = all.slice(++place);
      const started = performance.now();
      const tell = (share: number) => {
        const seconds = (performance.now() - started) / 1000;
        const known = share > 0 ? [...done, { ...work, units: share * work.units, seconds }] : done;
        const left = secondsFor([{ ...work, units: (1 - share) * work.units }, ...rest], known);
        const time = left === undefined ? '' : `  ${duration(left)} left`;
        context.progress(`${place}/${all.length} ${work.name}: ${Math.round(100 * share)} %${time}`);
      };
      tell(0);
      const result = await part(tell);
      const seconds = (performance.now() - started) / 1000;
      if (seconds > NOTHING) done.push({ ...work, seconds });
      return result;
    },
  };
}
