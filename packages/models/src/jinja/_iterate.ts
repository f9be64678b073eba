import { failure } from './_jinja-error.js';
import { characters, lengthOf } from './_text.js';
import { Dict, Generator, isList, Range, Tuple, textOf, typeOf, Undefined, type Value, View } from './_values.js';
import type { Work } from './_work.js';

/** How many items a value has; undefined when Python's `len` fails. */
export function sizeOf(value: Value): number | undefined {
  const text = textOf(value);
  if (text !== undefined) return lengthOf(text);
  if (isList(value)) return value.length;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof View) return value.dict.size;
  if (value instanceof Range) return value.length;
  return value instanceof Undefined ? 0 : undefined;
}

/** The items of a value, one by one; undefined when Python cannot iterate over it. */
export function iterate(value: Value): Iterator<Value> | undefined {
  const text = textOf(value);
  if (text !== undefined) return characters(text)[Symbol.iterator]();
  if (isList(value)) return value[Symbol.iterator]();
  if (value instanceof Tuple) return value.items[Symbol.iterator]();
  if (value instanceof Dict) return value.keys();
  if (value instanceof View) return value.items();
  if (value instanceof Generator) return value.items;
  if (value instanceof Undefined) return [][Symbol.iterator]();
  return value instanceof Range ? countUp(value) : undefined;
}

function* countUp(range: Range): globalThis.Generator<Value, void, undefined> {
  for (let i = 0; i < range.length; i++) yield range.start + i * range.step;
}

/** All items of a value as a list. */
export function itemsOf(value: Value, work: Work): Value[] {
  if (isList(value)) {
    work.spend(value.length);
    return [...value];
  }
  const items = iterate(value);
  if (items === undefined) throw failure(`'${typeOf(value)}' object is not iterable`);
  const all: Value[] = [];
  for (let next = items.next(); next.done !== true; next = items.next()) {
    work.spend(1);
    all.push(next.value);
  }
  return all;
}
