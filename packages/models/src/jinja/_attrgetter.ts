import { item } from './_attributes.js';
import { textOf, Undefined, type Value } from './_values.js';
import type { Work } from './_work.js';

/**
 * The function by which filters get an item's key: the value at a path of names and numbers with dots between them.
 *
 * @param otherwise the value in the place of an undefined one
 */
export function getterOf(
  path: Value | undefined,
  work: Work,
  ignoreCase = false,
  otherwise?: Value,
): (of: Value) => Value {
  const parts = partsOf(path ?? null);
  return (of) => {
    let value = of;
    for (const part of parts) {
      value = item(value, part, work);
      if (otherwise !== undefined && otherwise !== null && value instanceof Undefined) value = otherwise;
    }
    return ignoreCase ? folded(value) : value;
  };
}

/** {@link getterOf} for several paths with commas between them. */
export function gettersOf(paths: Value | undefined, work: Work, ignoreCase: boolean): (of: Value) => Value[] {
  const text = textOf(paths);
  const getters = (text === undefined ? [paths ?? null] : text.split(',')).map((path) =>
    getterOf(path, work, ignoreCase),
  );
  return (of) => getters.map((get) => get(of));
}

function partsOf(path: Value): Value[] {
  if (path === null) return [];
  const text = textOf(path);
  return text === undefined ? [path] : text.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** A text in lower case; other values as they are. */
export function folded(value: Value): Value {
  return textOf(value)?.toLowerCase() ?? value;
}
