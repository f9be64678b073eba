/** A point of a curve: a step's value, or the mean of several steps with their lowest and highest value. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

/** How many points of a curve are drawn. */
export const POINTS = 120;

/**
 * A curve of at most `limit` points. A longer curve's points are each the mean of the same number of consecutive steps, at the last
 * of these steps. A page with a point for every step of a long run would be large and say no more.
 */
export function condense(points: readonly (readonly [x: number, y: number])[], limit = POINTS): CurvePoint[] {
  const size = Math.ceil(points.length / limit);
  const condensed: CurvePoint[] = [];
  for (let i = 0; i < points.length; i += size) {
    const group = points.slice(i, i + size);
    const ys = group.map(([, y]) => y);
    condensed.push({
      x: (group.at(-1) as readonly [number, number])[0],
      // The division comes first, so that sums of huge values stay finite.
      y: ys.reduce((sum, y) => sum + y / ys.length, 0),
      low: Math.min(...ys),
      high: Math.max(...ys),
    });
  }
  return condensed;
}

/** Over how many steps a curve of n single steps is smoothed: an odd number, about a fifth of n; 1 for short curves. */
export function smoothingWindow(n: number): number {
  return n < 8 ? 1 : 2 * Math.max(1, Math.round(n / 10)) + 1;
}

/** The mean of the `window` values around each value; at the ends, of as many of them as exist. */
export function smooth(values: readonly number[], window: number): number[] {
  const half = (window - 1) / 2;
  return values.map((_, i) => {
    const around = values.slice(Math.max(0, i - half), i + half + 1);
    return around.reduce((sum, value) => sum + value / around.length, 0);
  });
}
