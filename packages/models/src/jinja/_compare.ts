import { iterate } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { compareTexts } from './_text.js';
import {
  Dict,
  isList,
  Namespace,
  numberOf,
  Range,
  Tuple,
  textOf,
  typeOf,
  Undefined,
  type Value,
  View,
} from './_values.js';
import type { Work } from './_work.js';

/** `a == b`. */
export function equals(a: Value, b: Value, work: Work): boolean {
  work.spend(1);
  if (a === b) return true;
  const left = numberOf(a);
  if (left !== undefined) return left === numberOf(b);
  const text = textOf(a);
  if (text !== undefined) return text === textOf(b);
  return sameCompound(a, b, work);
}

function sameCompound(a: Value, b: Value, work: Work): boolean {
  if (isList(a)) return isList(b) && sameItems(a, b, work);
  if (a instanceof Tuple) return b instanceof Tuple && sameItems(a.items, b.items, work);
  if (a instanceof Dict) return b instanceof Dict && sameDict(a, b, work);
  if (a instanceof Range && b instanceof Range) {
    return a.length === b.length && (a.length === 0 || (a.start === b.start && (a.length === 1 || a.step === b.step)));
  }
  return a instanceof Undefined && b instanceof Undefined;
}

function sameItems(a: readonly Value[], b: readonly Value[], work: Work): boolean {
  if (a.length !== b.length) return false;
  return work.nested(() => a.every((item, i) => equals(item, b[i] as Value, work)));
}

function sameDict(a: Dict, b: Dict, work: Work): boolean {
  if (a.size !== b.size) return false;
  return work.nested(() => {
    for (const [key, value] of a.pairs()) {
      const other = b.get(key);
      if (other === undefined || !equals(value, other, work)) return false;
    }
    return true;
  });
}

/** Less than 0 when `a` comes before `b`, 0 when they are equal, more than 0 when `a` comes after `b`; NaN for NaN. */
export function compare(a: Value, b: Value, sign: string, work: Work): number {
  work.spend(1);
  const left = numberOf(a);
  const right = numberOf(b);
  if (left !== undefined && right !== undefined) return left < right ? -1 : left > right ? 1 : left === right ? 0 : NaN;
  const text = textOf(a);
  const other = textOf(b);
  if (text !== undefined && other !== undefined) {
    work.text(Math.min(text.length, other.length));
    return compareTexts(text, other);
  }
  const items = sequence(a);
  const others = sequence(b);
  if (items !== undefined && others !== undefined && typeOf(a) === typeOf(b)) return inOrder(items, others, sign, work);
  for (const value of [a, b]) if (value instanceof Undefined) throw value.fail();
  throw failure(`'${sign}' not supported between instances of '${typeOf(a)}' and '${typeOf(b)}'`);
}

function sequence(value: Value): readonly Value[] | undefined {
  return value instanceof Tuple ? value.items : isList(value) ? value : undefined;
}

function inOrder(a: readonly Value[], b: readonly Value[], sign: string, work: Work): number {
  return work.nested(() => {
    for (const [i, item] of a.entries()) {
      const other = b[i];
      if (other === undefined) return 1;
      if (!equals(item, other, work)) return compare(item, other, sign, work);
    }
    return a.length - b.length;
  });
}

/** `item in container`. */
export function contains(container: Value, item: Value, work: Work): boolean {
  const text = textOf(container);
  if (text !== undefined) {
    const part = textOf(item);
    if (part === undefined) throw failure(`'in <string>' requires string as left operand, not ${typeOf(item)}`);
    work.text(text.length);
    return text.includes(part);
  }
  if (container instanceof Dict) return container.has(item);
  if (container instanceof View && container.type === 'dict_keys') return container.dict.has(item);
  const items = iterate(container);
  if (items === undefined || container instanceof Namespace) {
    throw failure(`argument of type '${typeOf(container)}' is not iterable`);
  }
  for (let next = items.next(); next.done !== true; next = items.next()) {
    if (equals(next.value, item, work)) return true;
  }
  return false;
}
