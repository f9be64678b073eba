import type { Json } from '@dpo/base';

/** True when two JSON values are the same. The order of an object's keys counts, since templates write keys in that order. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length &&
    left.every(([key, value], i) => right[i]?.[0] === key && sameJson(value as Json, right[i]?.[1] as Json))
  );
}
