import { equals } from './_compare.js';
import { itemsOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { repr } from './_print.js';
import { type BoundValues, bind } from './_signature.js';
import { Callable, Dict, Float, isList, Range, Tuple, type Value, View } from './_values.js';
import type { Work } from './_work.js';

/** A method or attribute of a dict, list, tuple, range or number; undefined when it has none of this name. */
export function collectionMethod(value: Value, name: string, work: Work): Value | undefined {
  const method = (parameters: string, run: (args: BoundValues) => Value): Callable =>
    new Callable(name, (args) => run(bind(name, parameters, args)));
  if (value instanceof Dict) return dictMethod(value, name, method, work);
  if (isList(value)) return name === 'copy' ? method('', () => value) : itemsMethod(() => value, name, method, work);
  if (value instanceof Tuple) return itemsMethod(() => value.items, name, method, work);
  if (value instanceof Range) {
    const items = (): Value[] => itemsOf(value, work);
    return { start: value.start, stop: value.stop, step: value.step }[name] ?? itemsMethod(items, name, method, work);
  }
  if (value instanceof Float && name === 'is_integer') return method('', () => Number.isInteger(value.value));
  if (typeof value === 'number' && name === 'bit_length') {
    return method('', () => (value === 0 ? 0 : Math.abs(value).toString(2).length));
  }
  return undefined;
}

type MakeMethod = (parameters: string, run: (args: BoundValues) => Value) => Callable;

function dictMethod(dict: Dict, name: string, method: MakeMethod, work: Work): Callable | undefined {
  switch (name) {
    case 'get':
      return method('key/ default/?', ([key, otherwise = null]) => {
        const value = dict.get(key as Value);
        return value === undefined ? otherwise : value;
      });
    case 'items':
      return method('', () => new View(dict, 'dict_items'));
    case 'keys':
      return method('', () => new View(dict, 'dict_keys'));
    case 'values':
      return method('', () => new View(dict, 'dict_values'));
    case 'copy':
      return method('', () => dict);
    case 'fromkeys':
      return method('iterable/ value/?', ([keys, value]) => {
        const result = new Dict();
        for (const key of itemsOf(keys as Value, work)) result.set(key, value ?? null);
        return result;
      });
  }
  return undefined;
}

function itemsMethod(
  items: () => readonly Value[],
  name: string,
  method: MakeMethod,
  work: Work,
): Callable | undefined {
  if (name === 'count') {
    return method('value/', ([value]) => items().filter((item) => equals(item, value as Value, work)).length);
  }
  if (name !== 'index') return undefined;
  return method('value/', ([value]) => {
    const at = items().findIndex((item) => equals(item, value as Value, work));
    if (at < 0) throw failure(`${repr(value as Value, work)} is not in list`);
    return at;
  });
}
