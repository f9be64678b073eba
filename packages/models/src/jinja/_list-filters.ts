import { folded, getterOf, gettersOf } from './_attrgetter.js';
import { compare, equals } from './_compare.js';
import type { Context } from './_evaluator.js';
import type { Filter } from './_filter.js';
import { itemsOf, iterate, sizeOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { binary } from './_operators.js';
import { str } from './_print.js';
import { type BoundValues, intOf } from './_signature.js';
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

const length: Filter = [
  '',
  (value) => {
    const size = sizeOf(value);
    if (size === undefined) throw failure(`object of type '${typeOf(value)}' has no len()`);
    return size;
  },
];

/** Jinja's filters of lists and dicts. */
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
  max: ['case_sensitive? attribute?', (value, args, context) => extreme(value, args, context, 1)],
  min: ['case_sensitive? attribute?', (value, args, context) => extreme(value, args, context, -1)],
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

function batched(value: Value, [count, fill]: BoundValues, { work }: Context): Value {
  const size = intOf(count, 0);
  const batches: Value[][] = [];
  for (const item of itemsOf(value, work)) {
    if (batches.length === 0 || batches.at(-1)?.length === size) batches.push([]);
    batches.at(-1)?.push(item);
  }
  const last = batches.at(-1);
  if (last !== undefined && fill !== undefined && fill !== null) {
    work.spend(Math.max(0, size - last.length));
    while (last.length < size) last.push(fill);
  }
  return generator(batches);
}

function slices(value: Value, [count, fill]: BoundValues, { work }: Context): Value {
  const items = itemsOf(value, work);
  const number = intOf(count, 0);
  if (number <= 0) throw failure('integer division or modulo by zero');
  work.spend(number);
  const each = Math.floor(items.length / number);
  const longer = items.length % number;
  const result = Array.from({ length: number }, (_, i) => {
    const start = i * each + Math.min(i, longer);
    const slice = items.slice(start, start + each + (i < longer ? 1 : 0));
    return fill !== undefined && fill !== null && i >= longer ? [...slice, fill] : slice;
  });
  return generator(result);
}

/** Items sorted by a key. Items with equal keys stay in their order. */
function inOrder<T>(items: readonly T[], keyOf: (item: T) => Value, reverse: boolean, work: Work): T[] {
  const entries = items.map((item) => ({ item, key: keyOf(item) }));
  // The sign is the one in Python's error: sorting asks whether the later item is less.
  entries.sort((a, b) => (reverse ? compare(b.key, a.key, '<', work) : compare(a.key, b.key, '<', work)));
  return entries.map(({ item }) => item);
}

function dictSorted(value: Value, [sensitive, by, reverse]: BoundValues, { work }: Context): Value {
  if (!(value instanceof Dict)) throw failure(`'${typeOf(value)}' object has no attribute 'items'`);
  const place = { key: 0, value: 1 }[textOf(by ?? 'key') ?? ''];
  if (place === undefined) throw failure('You can only sort by either "key" or "value"');
  const pairs = [...value.pairs()];
  const key = (pair: readonly [Value, Value]): Value =>
    (on(sensitive) ? pair[place] : folded(pair[place] as Value)) as Value;
  return inOrder(pairs, key, on(reverse), work).map((pair) => new Tuple(pair));
}

function sorted(value: Value, [reverse, sensitive, attribute]: BoundValues, { work }: Context): Value {
  const keys = gettersOf(attribute, work, !on(sensitive));
  return inOrder(itemsOf(value, work), keys, on(reverse), work);
}

function unique(value: Value, [sensitive, attribute]: BoundValues, { work }: Context): Value {
  const key = getterOf(attribute, work, !on(sensitive));
  const hashes = new Set<unknown>();
  const firsts = itemsOf(value, work).filter((item) => {
    const hash = hashOf(key(item));
    const isFirst = !hashes.has(hash);
    hashes.add(hash);
    return isFirst;
  });
  return generator(firsts);
}

function extreme(value: Value, [sensitive, attribute]: BoundValues, { work }: Context, sign: number): Value {
  const key = getterOf(attribute, work, !on(sensitive));
  let best: { item: Value; key: Value } | undefined;
  for (const item of itemsOf(value, work)) {
    const one = { item, key: key(item) };
    if (best === undefined || compare(one.key, best.key, sign < 0 ? '<' : '>', work) * sign > 0) best = one;
  }
  return best === undefined ? new Undefined('No aggregated item, sequence was empty.') : best.item;
}

function summed(value: Value, [attribute, start = 0]: BoundValues, { work }: Context): Value {
  const key = getterOf(attribute, work);
  if (textOf(start) !== undefined) throw failure("sum() can't sum strings [use ''.join(seq) instead]");
  return itemsOf(value, work).reduce((sum, item) => binary('+', sum, key(item), work), start);
}

function joined(value: Value, [sign, attribute]: BoundValues, { work }: Context): string {
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

function lastOf(value: Value, _: BoundValues, { work }: Context): Value {
  if (value instanceof Generator) throw failure("'generator' object is not reversible");
  const last = itemsOf(value, work).at(-1);
  return last === undefined ? new Undefined('No last item, sequence was empty.') : last;
}

function reversed(value: Value, _: BoundValues, { work }: Context): Value {
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

/** The filter is a generator in Python, and fails only when it is read. */
function* refused(): globalThis.Generator<Value, void, undefined> {
  yield* [];
  throw failure('Can only get item pairs from a mapping.');
}

function grouped(value: Value, [attribute, otherwise, sensitive]: BoundValues, { work }: Context): Value {
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
