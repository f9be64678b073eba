import { folded, getterOf, gettersOf } from './_attrgetter.js';
import { compare, equals } from './_compare.js';
import type { Context } from './_evaluator.js';
import type { Filter } from './_filter.js';
import { itemsOf, iterate, sizeOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { binary } from './_operators.js';
import { str } from './_print.js';
import { intOf } from './_signature.js';
import { characters } from './_text.js';
import {
  Dict,
  Generator,
  hashOf,
  isList,
  Tuple,
  textOf,
  truthy,
  typeOf,
  Undefined,
  type Value,
  View,
} from './_values.js';
import type { Work } from './_work.js';

type Given = readonly (Value | undefined)[];

const length: Filter = [
  '',
  (value) => {
    const size = sizeOf(value);
    if (size === undefined) throw failure(`object of type '${typeOf(value)}' has no len()`);
    return size;
  },
];

/** Filters of lists and dicts, as Jinja has them. */
export const listFilters: Readonly<Record<string, Filter>> = {
  batch: ['linecount fill_with?', batched],
  count: length,
  dictsort: ['case_sensitive? by? reverse?', dictSorted],
  first: ['', (value, _, { work }) => firstOf(value, work)],
  groupby: ['attribute default? case_sensitive?', grouped],
  items: ['', itemPairs],
  join: ['d? attribute?', joined],
  last: ['', lastOf],
  length,
  list: ['', (value, _, { work }) => itemsOf(value, work)],
  max: ['case_sensitive? attribute?', (value, given, context) => extreme(value, given, context, 1)],
  min: ['case_sensitive? attribute?', (value, given, context) => extreme(value, given, context, -1)],
  reverse: ['', reversed],
  slice: ['slices fill_with?', slices],
  sort: ['reverse? case_sensitive? attribute?', sorted],
  sum: ['attribute? start?', summed],
  unique: ['case_sensitive? attribute?', unique],
};

function on(value: Value | undefined): boolean {
  return value !== undefined && truthy(value);
}

function generator(items: Iterable<Value>): Generator {
  return new Generator(items[Symbol.iterator]());
}

function batched(value: Value, [count, fill]: Given, { work }: Context): Value {
  const size = intOf(count, 0);
  const rows: Value[][] = [];
  for (const item of itemsOf(value, work)) {
    if (rows.length === 0 || rows.at(-1)?.length === size) rows.push([]);
    rows.at(-1)?.push(item);
  }
  const last = rows.at(-1);
  if (last !== undefined && fill !== undefined && fill !== null) {
    work.spend(Math.max(0, size - last.length));
    while (last.length < size) last.push(fill);
  }
  return generator(rows);
}

function slices(value: Value, [count, fill]: Given, { work }: Context): Value {
  const items = itemsOf(value, work);
  const number = intOf(count, 0);
  if (number <= 0) throw failure('integer division or modulo by zero');
  work.spend(number);
  const each = Math.floor(items.length / number);
  const longer = items.length % number;
  const rows = Array.from({ length: number }, (_, i) => {
    const start = i * each + Math.min(i, longer);
    const row = items.slice(start, start + each + (i < longer ? 1 : 0));
    return fill !== undefined && fill !== null && i >= longer ? [...row, fill] : row;
  });
  return generator(rows);
}

/** Items in order, by one key or several; equal ones stay in their order. */
function inOrder<T>(items: readonly T[], keyOf: (item: T) => Value, reverse: boolean, work: Work): T[] {
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  // The sign is what Python would name: it asks whether the later one is less.
  keyed.sort((a, b) => (reverse ? compare(b.key, a.key, '<', work) : compare(a.key, b.key, '<', work)));
  return keyed.map(({ item }) => item);
}

function dictSorted(value: Value, [sensitive, by, reverse]: Given, { work }: Context): Value {
  if (!(value instanceof Dict)) throw failure(`'${typeOf(value)}' object has no attribute 'items'`);
  const place = { key: 0, value: 1 }[textOf(by ?? 'key') ?? ''];
  if (place === undefined) throw failure('You can only sort by either "key" or "value"');
  const pairs = [...value.pairs()];
  const key = (pair: readonly [Value, Value]): Value =>
    (on(sensitive) ? pair[place] : folded(pair[place] as Value)) as Value;
  return inOrder(pairs, key, on(reverse), work).map((pair) => new Tuple(pair));
}

function sorted(value: Value, [reverse, sensitive, attribute]: Given, { work }: Context): Value {
  const keys = gettersOf(attribute, work, !on(sensitive));
  return inOrder(itemsOf(value, work), keys, on(reverse), work);
}

function unique(value: Value, [sensitive, attribute]: Given, { work }: Context): Value {
  const key = getterOf(attribute, work, !on(sensitive));
  const seen = new Set<unknown>();
  const selected = itemsOf(value, work).filter((item) => {
    const hash = hashOf(key(item));
    const fresh = !seen.has(hash);
    seen.add(hash);
    return fresh;
  });
  return generator(selected);
}

function extreme(value: Value, [sensitive, attribute]: Given, { work }: Context, sign: number): Value {
  const key = getterOf(attribute, work, !on(sensitive));
  let best: { item: Value; key: Value } | undefined;
  for (const item of itemsOf(value, work)) {
    const one = { item, key: key(item) };
    if (best === undefined || compare(one.key, best.key, sign < 0 ? '<' : '>', work) * sign > 0) best = one;
  }
  return best === undefined ? new Undefined('No aggregated item, sequence was empty.') : best.item;
}

function summed(value: Value, [attribute, start = 0]: Given, { work }: Context): Value {
  const key = getterOf(attribute, work);
  if (textOf(start) !== undefined) throw failure("sum() can't sum strings [use ''.join(seq) instead]");
  return itemsOf(value, work).reduce((sum, item) => binary('+', sum, key(item), work), start);
}

function joined(value: Value, [sign, attribute]: Given, { work }: Context): string {
  const key = getterOf(attribute, work);
  const by = str(sign ?? '', work);
  let size = 0;
  const texts = itemsOf(value, work).map((item) => {
    const text = str(key(item), work);
    size += text.length + by.length;
    work.joined(size);
    return text;
  });
  work.text(size);
  return texts.join(by);
}

function firstOf(value: Value, work: Work): Value {
  const items = iterate(value);
  if (items === undefined) throw failure(`'${typeOf(value)}' object is not iterable`);
  work.spend(1);
  const first = items.next();
  return first.done === true ? new Undefined('No first item, sequence was empty.') : first.value;
}

function lastOf(value: Value, _: Given, { work }: Context): Value {
  if (value instanceof Generator) throw failure("'generator' object is not reversible");
  const last = itemsOf(value, work).at(-1);
  return last === undefined ? new Undefined('No last item, sequence was empty.') : last;
}

function reversed(value: Value, _: Given, { work }: Context): Value {
  const text = textOf(value);
  if (text !== undefined) return characters(text).reverse().join('');
  if (iterate(value) === undefined) throw failure('argument must be iterable');
  return new Generator(
    itemsOf(value, work).reverse()[Symbol.iterator](),
    isList(value) ? 'list_reverseiterator' : 'reversed',
  );
}

function itemPairs(value: Value): Value {
  if (value instanceof Undefined) return generator([]);
  if (!(value instanceof Dict)) return generator(refused());
  return generator(new View(value, 'dict_items').items());
}

/** Python's filter is a generator: it fails when it is read. */
function* refused(): globalThis.Generator<Value, void, undefined> {
  yield* [];
  throw failure('Can only get item pairs from a mapping.');
}

function grouped(value: Value, [attribute, otherwise, sensitive]: Given, { work }: Context): Value {
  const key = getterOf(attribute, work, !on(sensitive), otherwise);
  const printed = getterOf(attribute, work, false, otherwise);
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of inOrder(itemsOf(value, work), key, false, work)) {
    const last = groups.at(-1);
    if (last !== undefined && equals(last.key, key(item), work)) last.items.push(item);
    else groups.push({ key: key(item), items: [item] });
  }
  return groups.map(({ items }) => new Tuple([printed(items[0] as Value), items], ['grouper', 'list']));
}
