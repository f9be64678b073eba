import { failure } from './_jinja-error.js';
import { characters, hasPairs } from './_text.js';
import { isList, Range, Tuple, textOf, typeOf, Undefined, type Value } from './_values.js';
import type { Work } from './_work.js';

/** The three parts of `[start:stop:step]`; `null` for a missing part. */
export type Slice = readonly [start: Value, stop: Value, step: Value];

/** `value[start:stop:step]`. */
export function sliced(value: Value, slice: Slice, work: Work): Value {
  if (value instanceof Undefined) throw value.fail();
  const text = textOf(value);
  if (text !== undefined) return slicedText(text, slice, work);
  if (isList(value)) return slicedItems(value, slice, work);
  if (value instanceof Tuple) return new Tuple(slicedItems(value.items, slice, work));
  if (value instanceof Range) {
    const [start, stop, step] = bounds(slice, value.length);
    return new Range(value.start + start * value.step, value.start + stop * value.step, value.step * step);
  }
  throw failure(`'${typeOf(value)}' object is not subscriptable by a slice`);
}

function slicedText(text: string, slice: Slice, work: Work): string {
  work.text(text.length);
  if (!hasPairs(text)) {
    const [start, stop, step] = bounds(slice, text.length);
    if (step === 1) return text.slice(start, Math.max(start, stop));
  }
  return slicedItems(characters(text), slice, work).join('');
}

function slicedItems<T>(items: readonly T[], slice: Slice, work: Work): T[] {
  const [start, stop, step] = bounds(slice, items.length);
  if (step === 1) {
    work.spend(Math.max(0, stop - start));
    return items.slice(start, Math.max(start, stop));
  }
  const result: T[] = [];
  for (let at = start; step > 0 ? at < stop : at > stop; at += step) result.push(items[at] as T);
  work.spend(result.length);
  return result;
}

/** Where a slice of a value with this length begins and ends, as by Python's `slice.indices`. */
export function bounds(slice: Slice, length: number): [start: number, stop: number, step: number] {
  const step = index(slice[2]) ?? 1;
  if (step === 0) throw failure('slice step cannot be zero');
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const clamp = (value: number | undefined, otherwise: number): number => {
    if (value === undefined) return otherwise;
    return Math.min(high, Math.max(low, value < 0 ? value + length : value));
  };
  return [clamp(index(slice[0]), step > 0 ? low : high), clamp(index(slice[1]), step > 0 ? high : low), step];
}

function index(value: Value): number | undefined {
  if (value === null) return undefined;
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  throw failure('slice indices must be integers or None or have an __index__ method');
}
