/** Steps that an estimate rests on. */
const WINDOW = 20;

/** Estimates how long the other steps take. */
export interface Stopwatch {
  /** Takes the end of a step, in milliseconds of any clock. */
  tick(now: number): void;
  /** Seconds for so many more steps; undefined before the second step. */
  left(steps: number): number | undefined;
}

/** A stopwatch over the last steps, from their median, so that a step that waits for something else counts little. */
export function stopwatch(): Stopwatch {
  const durations: number[] = [];
  let before: number | undefined;
  return {
    tick(now) {
      if (before !== undefined) durations.push(now - before);
      if (durations.length > WINDOW) durations.shift();
      before = now;
    },
    left(steps) {
      const sorted = durations.toSorted((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)];
      return median === undefined ? undefined : (median * steps) / 1000;
    },
  };
}

/** A duration in words: `4 s`, `2 min 5 s`, `1 h 20 min`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
