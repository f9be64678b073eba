import { getterOf } from './_attrgetter.js';
import { attribute } from './_attributes.js';
import type { Context } from './_evaluator.js';
import type { Filter } from './_filter.js';
import { itemsOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { needText } from './_signature.js';
import { tojson } from './_tojson.js';
import { type Arguments, Generator, textOf, truthy, Undefined, type Value } from './_values.js';

/** Filters that select or map items, or replace a value. */
export const selectFilters: Readonly<Record<string, Filter>> = {
  attr: ['name', (value, [name], { work }) => attributeOnly(value, needText(name, 'name'), work)],
  d: ['default_value? boolean?', otherwise],
  default: ['default_value? boolean?', otherwise],
  map: map,
  reject: (value, args, context) => select(value, args, context, { keep: false, byAttribute: false }),
  rejectattr: (value, args, context) => select(value, args, context, { keep: false, byAttribute: true }),
  select: (value, args, context) => select(value, args, context, { keep: true, byAttribute: false }),
  selectattr: (value, args, context) => select(value, args, context, { keep: true, byAttribute: true }),
  tojson: ['ensure_ascii? indent? separators? sort_keys?', (value, args, { work }) => tojson(value, args, work)],
};

/** `attr`: an attribute alone, and not an item of a dict. */
function attributeOnly(value: Value, name: string, work: Context['work']): Value {
  if (value instanceof Undefined) throw value.fail();
  const result = attribute(value, name, work);
  return typeof result === 'object' && result !== null && 'call' in result
    ? result
    : new Undefined(`no attribute '${name}'`);
}

function otherwise(value: Value, [by = '', falseToo = false]: readonly (Value | undefined)[]): Value {
  return value instanceof Undefined || (truthy(falseToo) && !truthy(value)) ? by : value;
}

function map(value: Value, args: Arguments, context: Context): Value {
  return lazily(function* () {
    if (!truthy(value)) return;
    const change = changeOf(args, context);
    for (const item of itemsOf(value, context.work)) yield change(item);
  });
}

function changeOf({ positional, keywords }: Arguments, context: Context): (item: Value) => Value {
  const path = keywords.get('attribute');
  if (positional.length === 0 && path !== undefined) {
    const extra = [...keywords.keys()].find((key) => key !== 'attribute' && key !== 'default');
    if (extra !== undefined) throw failure(`Unexpected keyword argument '${extra}'`);
    return getterOf(path, context.work, false, keywords.get('default'));
  }
  const name = textOf(positional[0]);
  if (name === undefined) throw failure('map requires a filter argument');
  return (item) => context.filter(name, item, { positional: positional.slice(1), keywords });
}

interface Choice {
  readonly keep: boolean;
  readonly byAttribute: boolean;
}

function select(value: Value, args: Arguments, context: Context, { keep, byAttribute }: Choice): Value {
  return lazily(function* () {
    if (!truthy(value)) return;
    const passes = testOf(args, context, byAttribute);
    for (const item of itemsOf(value, context.work)) if (passes(item) === keep) yield item;
  });
}

function testOf({ positional, keywords }: Arguments, context: Context, byAttribute: boolean): (item: Value) => boolean {
  const [path, ...rest] = positional;
  if (byAttribute && path === undefined) throw failure('Missing parameter for attribute name');
  const get = byAttribute ? getterOf(path, context.work) : (item: Value): Value => item;
  const [name, ...values] = byAttribute ? rest : positional;
  if (name === undefined) return (item) => truthy(get(item));
  return (item) => context.test(needText(name, 'test'), get(item), { positional: values, keywords });
}

/** Items that, as in Python, are computed only when they are read. */
function lazily(items: () => globalThis.Generator<Value, void, undefined>): Generator {
  return new Generator(items());
}
