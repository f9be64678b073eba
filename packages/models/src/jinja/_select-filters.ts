import { getterOf } from './_attrgetter.js';
import { attribute } from './_attributes.js';
import type { Context } from './_evaluator.js';
import type { Filter } from './_filter.js';
import { itemsOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { needText } from './_signature.js';
import { tojson } from './_tojson.js';
import { type Arguments, Generator, textOf, truthy, Undefined, type Value } from './_values.js';

/** Filters that choose, map, or give something in the place of a value. */
export const selectFilters: Readonly<Record<string, Filter>> = {
  attr: ['name', (value, [name], { work }) => attributeOnly(value, needText(name, 'name'), work)],
  d: ['default_value? boolean?', otherwise],
  default: ['default_value? boolean?', otherwise],
  map: mapped,
  reject: (value, given, context) => chosen(value, given, context, { keep: false, byAttribute: false }),
  rejectattr: (value, given, context) => chosen(value, given, context, { keep: false, byAttribute: true }),
  select: (value, given, context) => chosen(value, given, context, { keep: true, byAttribute: false }),
  selectattr: (value, given, context) => chosen(value, given, context, { keep: true, byAttribute: true }),
  tojson: ['ensure_ascii? indent? separators? sort_keys?', (value, given, { work }) => tojson(value, given, work)],
};

/** Attributes alone, not the items of a dict. */
function attributeOnly(value: Value, name: string, work: Context['work']): Value {
  if (value instanceof Undefined) throw value.fail();
  const found = attribute(value, name, work);
  return typeof found === 'object' && found !== null && 'call' in found
    ? found
    : new Undefined(`no attribute '${name}'`);
}

function otherwise(value: Value, [by = '', falseToo = false]: readonly (Value | undefined)[]): Value {
  return value instanceof Undefined || (truthy(falseToo) && !truthy(value)) ? by : value;
}

function mapped(value: Value, given: Arguments, context: Context): Value {
  return lazily(function* () {
    if (!truthy(value)) return;
    const change = changeOf(given, context);
    for (const item of itemsOf(value, context.work)) yield change(item);
  });
}

function changeOf({ positional, named }: Arguments, context: Context): (item: Value) => Value {
  const path = named.get('attribute');
  if (positional.length === 0 && path !== undefined) {
    const extra = [...named.keys()].find((key) => key !== 'attribute' && key !== 'default');
    if (extra !== undefined) throw failure(`Unexpected keyword argument '${extra}'`);
    return getterOf(path, context.work, false, named.get('default'));
  }
  const name = textOf(positional[0]);
  if (name === undefined) throw failure('map requires a filter argument');
  return (item) => context.filter(name, item, { positional: positional.slice(1), named });
}

interface Choice {
  readonly keep: boolean;
  readonly byAttribute: boolean;
}

function chosen(value: Value, given: Arguments, context: Context, { keep, byAttribute }: Choice): Value {
  return lazily(function* () {
    if (!truthy(value)) return;
    const passes = testOf(given, context, byAttribute);
    for (const item of itemsOf(value, context.work)) if (passes(item) === keep) yield item;
  });
}

function testOf({ positional, named }: Arguments, context: Context, byAttribute: boolean): (item: Value) => boolean {
  const [path, ...rest] = positional;
  if (byAttribute && path === undefined) throw failure('Missing parameter for attribute name');
  const get = byAttribute ? getterOf(path, context.work) : (item: Value): Value => item;
  const [name, ...values] = byAttribute ? rest : positional;
  if (name === undefined) return (item) => truthy(get(item));
  return (item) => context.test(needText(name, 'test'), get(item), { positional: values, named });
}

/** What Python computes only when it is read. */
function lazily(items: () => globalThis.Generator<Value, void, undefined>): Generator {
  return new Generator(items());
}
