import { collectionMethod } from './_collection-methods.js';
import { JinjaError } from './_jinja-error.js';
import { repr } from './_print.js';
import { stringMethod } from './_string-methods.js';
import { characters } from './_text.js';
import { Callable, Dict, isList, Namespace, Range, Tuple, textOf, typeOf, Undefined, type Value } from './_values.js';
import type { Work } from './_work.js';

/** Methods that change a value. Jinja's sandbox, as transformers uses it, forbids them all. */
const changing: Readonly<Record<string, readonly string[]>> = {
  list: ['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort'],
  dict: ['clear', 'pop', 'popitem', 'setdefault', 'update'],
};

/** `value.name`: the attribute, else the item with this key, else undefined. */
export function attribute(value: Value, name: string, work: Work): Value {
  if (value instanceof Undefined) throw value.fail();
  const own = ownAttribute(value, name, work);
  const result = own === undefined ? entry(value, name) : own;
  return result === undefined ? absent(value, name, work) : result;
}

/** `value[key]`: the item, else the attribute whose name the key is, else undefined. */
export function item(value: Value, key: Value, work: Work): Value {
  if (value instanceof Undefined) throw value.fail();
  const name = textOf(key);
  const own = entry(value, key);
  const result = own === undefined && name !== undefined ? ownAttribute(value, name, work) : own;
  return result === undefined ? absent(value, key, work) : result;
}

function ownAttribute(value: Value, name: string, work: Work): Value | undefined {
  const type = typeOf(value);
  if ((Object.hasOwn(changing, type) && changing[type]?.includes(name)) || /^__\w+__$/.test(name)) {
    return new Undefined(`access to attribute '${name}' of '${type}' object is unsafe.`);
  }
  const text = textOf(value);
  if (text !== undefined) return stringMethod(text, name, { attribute, item }, work);
  if (value instanceof Callable) return value.attributes(name);
  if (value instanceof Namespace) return value.values.get(name);
  if (value instanceof Tuple && value.names.includes(name)) return value.items[value.names.indexOf(name)];
  return collectionMethod(value, name, work);
}

function entry(value: Value, key: Value): Value | undefined {
  if (value instanceof Dict) return entryOfDict(value, key);
  const at = typeof key === 'boolean' ? Number(key) : key;
  if (typeof at !== 'number') return undefined;
  const text = textOf(value);
  if (text !== undefined) return at < 0 || at < text.length ? characters(text).at(at) : undefined;
  if (isList(value)) return value.at(at);
  if (value instanceof Tuple) return value.items.at(at);
  if (!(value instanceof Range)) return undefined;
  const place = at < 0 ? at + value.length : at;
  return place >= 0 && place < value.length ? value.start + place * value.step : undefined;
}

function entryOfDict(dict: Dict, key: Value): Value | undefined {
  try {
    return dict.get(key);
  } catch (error) {
    // A dict has no key that cannot be hashed. Jinja's result is undefined.
    if (error instanceof JinjaError && error.fault === 'runtime') return undefined;
    throw error;
  }
}

function absent(value: Value, key: Value, work: Work): Undefined {
  const object = value === null ? 'None' : `${typeOf(value)} object`;
  if (textOf(key) === undefined) return new Undefined(`${object} has no element ${repr(key, work)}`);
  return new Undefined(`'${object}' has no attribute ${repr(key, work)}`);
}
