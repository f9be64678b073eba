import type { Context } from './_evaluator.js';
import { failure } from './_jinja-error.js';
import { bind } from './_signature.js';
import type { Arguments, Value } from './_values.js';

type Given = readonly (Value | undefined)[];

/** A filter: its parameters after the value, and what it makes of value and parameters. */
export type Filter =
  | readonly [parameters: string, apply: (value: Value, given: Given, context: Context) => Value]
  /** For filters that take whatever they are given. */
  | ((value: Value, given: Arguments, context: Context) => Value);

/** Applies a filter. */
export function applyFilter(
  name: string,
  filter: Filter | undefined,
  value: Value,
  given: Arguments,
  context: Context,
): Value {
  if (filter === undefined) throw failure(`No filter named '${name}'.`);
  if (typeof filter === 'function') return filter(value, given, context);
  return filter[1](value, bind(name, filter[0], given), context);
}
