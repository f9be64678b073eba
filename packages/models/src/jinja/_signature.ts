import { failure } from './_jinja-error.js';
import { type Arguments, textOf, typeOf, type Value } from './_values.js';

/**
 * The values of a function's parameters, in their order, `undefined` where none is given.
 *
 * @param parameters the names, separated by blanks; a `/` after those that have no name, a `?` after optional ones
 * @throws JinjaError when Python would not call the function
 */
export function bind(name: string, parameters: string, given: Arguments): (Value | undefined)[] {
  const all = parameters === '' ? [] : parameters.split(' ');
  const names = all.map((parameter) => parameter.replace(/[?/]+$/, ''));
  if (given.positional.length > all.length) {
    throw failure(`${name}() takes ${all.length} arguments but ${given.positional.length} were given`);
  }
  const values: (Value | undefined)[] = names.map((_, i) => given.positional[i]);
  for (const [key, value] of given.named) {
    const at = names.indexOf(key);
    if (at < 0 || all[at]?.includes('/')) throw failure(`${name}() got an unexpected keyword argument '${key}'`);
    if (values[at] !== undefined) throw failure(`${name}() got multiple values for argument '${key}'`);
    values[at] = value;
  }
  const missing = all.findIndex((parameter, i) => values[i] === undefined && !parameter.includes('?'));
  if (missing >= 0) throw failure(`${name}() missing a required argument: '${names[missing]}'`);
  return values;
}

/** A whole number that a function is given. */
export function intOf(value: Value | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  throw failure(`'${typeOf(value)}' object cannot be interpreted as an integer`);
}

/** A text that a function is given. */
export function needText(value: Value | undefined, what: string): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  throw failure(`${what} must be str, not ${value === undefined ? 'missing' : typeOf(value)}`);
}
