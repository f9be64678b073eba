/** A linear map from values to pixels, with round ticks. */
export interface Scale {
  readonly ticks: readonly number[];
  /** The pixel of a value. */
  at(value: number): number;
}

/** A scale over [low, high], widened to round ticks, onto [from, to]. */
export function scale(low: number, high: number, from: number, to: number, count = 5): Scale {
  // A range of 0, or one that is tiny beside the values, gives no ticks: the values' size stands in for it.
  const size = Math.max(Math.abs(low), Math.abs(high));
  const range = high - low > Math.max(1e-9 * size, 1e-300) ? high - low : size > 1e-300 ? size : 1;
  const step = niceStep(range, count);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  const [start, end] = [ticks[0] as number, ticks.at(-1) as number];
  return { ticks, at: (value) => from + ((value - start) / (end - start)) * (to - from) };
}

/** A scale over exactly [low, high], for whole numbers such as steps, with round whole ticks inside. */
export function stepScale(low: number, high: number, from: number, to: number, count = 6): Scale {
  const [start, end] = high > low ? [low, high] : [low - 0.5, low + 0.5];
  const step = Math.max(1, niceStep(end - start, count));
  const ticks: number[] = [];
  for (let tick = Math.ceil(start / step) * step; tick <= end; tick += step) ticks.push(tick);
  return { ticks, at: (value) => from + ((value - start) / (end - start)) * (to - from) };
}

/** 1, 2 or 5 times a power of ten, about range / count. */
function niceStep(range: number, count: number): number {
  const raw = range / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const ratio = raw / power;
  return power * (ratio <= 1.2 ? 1 : ratio <= 2.6 ? 2 : ratio <= 6 ? 5 : 10);
}
