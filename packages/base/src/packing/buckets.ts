/**
 * The smallest bucket that holds `value`: multiples of `unit`, then four buckets to a doubling (…, 8, 10, 12, 14, 16, 20, …
 * units). So at most a fifth of a bucket is wasted, and the different sizes of batches fall into few shapes.
 */
export function bucket(value: number, unit: number): number {
  const units = Math.ceil(value / unit);
  if (units <= 8) return Math.max(1, units) * unit;
  const step = 2 ** (Math.floor(Math.log2(units)) - 2);
  return Math.ceil(units / step) * step * unit;
}

/** The buckets from `bucket(from)` to `bucket(to)`, ascending. */
export function bucketsBetween(from: number, to: number, unit: number): number[] {
  const list: number[] = [];
  const last = bucket(to, unit);
  for (let size = bucket(from, unit); size <= last; size = bucket(size + 1, unit)) list.push(size);
  return list;
}
