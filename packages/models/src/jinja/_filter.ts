import type { Context } from './_evaluator.js';
import { failure } from './_jinja-error.js';
import { type BoundValues, bind } from './_signature.js';
import type { Arguments, Value } from './_values.js';

/** A filter: its parameters after the value, and a function of the value and the parameters' values. */
export type Filter =
  | readonly [parameters: string, apply: (value: Value, args: BoundValues, context: Context) => Value]
  /** A filter that takes any arguments. */
  | ((value: Value, args: Arguments, context: Context) => Value);

/** Applies a filter to a value. */
export function applyFilter(
  name: string,
  filter: Filter | undefined,
  value: Value,
  args: Arguments,
  context: Context,
): Value {
  if (filter === undefined) throw failure(`No filter named '${name}'.`);
  if (typeof filter === 'function') return filter(value, args, context);
  return filter[1](value, bind(name, filter[0], args), context);
}
