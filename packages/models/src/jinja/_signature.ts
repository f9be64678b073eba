import { failure } from './_jinja-error.js';
import { type Arguments, textOf, typeOf, type Value } from './_values.js';

/** The values of parameters in their order; `undefined` for a parameter without an argument. */
export type BoundValues = readonly (Value | undefined)[];

/**
 * The values of a function's parameters, in their order.
 *
 * @param parameters the parameters' names, separated by blanks; a `/` after positional-only parameters, a `?` after optional ones
 * @throws {JinjaError} when Python would not call the function.
 */
export function bind(name: string, parameters: string, args: Arguments): (Value | undefined)[] {
  const all = parameters === '' ? [] : parameters.split(' ');
  const names = all.map((parameter) => parameter.replace(/[?/]+$/, ''));
  if (args.positional.length > all.length) {
    throw failure(`${name}() takes ${all.length} arguments but ${args.positional.length} were given`);
  }
  const values: (Value | undefined)[] = names.map((_, i) => args.positional[i]);
  for (const [key, value] of args.keywords) {
    const at = names.indexOf(key);
    if (at < 0 || all[at]?.includes('/')) throw failure(`${name}() got an unexpected keyword argument '${key}'`);
    if (values[at] !== undefined) throw failure(`${name}() got multiple values for argument '${key}'`);
    values[at] = value;
  }
  const missing = all.findIndex((parameter, i) => values[i] === undefined && !parameter.includes('?'));
  if (missing >= 0) throw failure(`${name}() missing a required argument: '${names[missing]}'`);
  return values;
}

/** An argument that must be a whole number. */
export function intOf(value: Value | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  throw failure(`'${typeOf(value)}' object cannot be interpreted as an integer`);
}

/** An argument that must be a text. */
export function needText(value: Value | undefined, what: string): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  throw failure(`${what} must be str, not ${value === undefined ? 'missing' : typeOf(value)}`);
}
