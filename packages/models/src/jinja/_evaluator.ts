import { attribute, item } from './_attributes.js';
import { itemsOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import type { CallArguments, Expression } from './_nodes.js';
import { binary, holds, unary } from './_operators.js';
import { str } from './_print.js';
import type { Scope } from './_scope.js';
import { sliced } from './_slices.js';
import {
  type Arguments,
  Callable,
  Dict,
  Float,
  isList,
  noArguments,
  Tuple,
  textOf,
  truthy,
  typeOf,
  Undefined,
  type Value,
} from './_values.js';
import type { Work } from './_work.js';

/** The parts of a rendering that filters and tests may use. */
export interface Context {
  readonly work: Work;
  /** The names of all filters and tests. */
  readonly names: { readonly filter: ReadonlySet<string>; readonly test: ReadonlySet<string> };
  filter(name: string, value: Value, args: Arguments): Value;
  test(name: string, value: Value, args: Arguments): boolean;
}

/** The value of an expression. */
export function evaluate(node: Expression, scope: Scope, context: Context): Value {
  const { work } = context;
  work.spend(1);
  const value = (of: Expression): Value => evaluate(of, scope, context);
  switch (node.kind) {
    case 'constant':
    case 'integer':
      return node.value;
    case 'float':
      return new Float(node.value);
    case 'name':
      return scope.get(node.name);
    case 'list':
      return node.items.map(value);
    case 'tuple':
      return new Tuple(node.items.map(value));
    case 'dict':
      return dictOf(node.pairs.map(([key, entry]) => [value(key), value(entry)] as const));
    case 'attribute':
      return attribute(value(node.of), node.name, work);
    case 'item':
      return item(value(node.of), value(node.key), work);
    case 'slice':
      return slice(node.of, node.parts, value, work);
    case 'call':
      return counted(call(value(node.of), argumentsOf(node.args, scope, context)), work);
    case 'filter':
      return counted(filtered(node, value(node.of as Expression), scope, context), work);
    case 'test':
      return context.test(node.name, value(node.of as Expression), argumentsOf(node.args, scope, context));
    case 'unary':
      return unary(node.sign, value(node.of));
    case 'not':
      return !truthy(value(node.of));
    case 'binary':
      return binary(node.sign, value(node.left), value(node.right), work);
    case 'and': {
      const left = value(node.left);
      return truthy(left) ? value(node.right) : left;
    }
    case 'or': {
      const left = value(node.left);
      return truthy(left) ? left : value(node.right);
    }
    case 'compare':
      return compared(node, value, work);
    case 'concat':
      return concatenated(node.items.map(value), work);
    case 'condition':
      if (truthy(value(node.test))) return value(node.yes);
      return node.no === undefined ? noElse() : value(node.no);
  }
}

function noElse(): Undefined {
  return new Undefined('the inline if-expression evaluated to false and no else section was defined.');
}

function dictOf(pairs: readonly (readonly [Value, Value])[]): Dict {
  const dict = new Dict();
  for (const [key, entry] of pairs) dict.set(key, entry);
  return dict;
}

function slice(
  of: Expression,
  parts: readonly (Expression | undefined)[],
  value: (of: Expression) => Value,
  work: Work,
): Value {
  const whole = value(of);
  const [start = null, stop = null, step = null] = parts.map((part) => (part === undefined ? null : value(part)));
  return sliced(whole, [start, stop, step], work);
}

/** `a < b < c`: neighbours are compared up to the first comparison that does not hold. */
function compared(node: Expression & { kind: 'compare' }, value: (of: Expression) => Value, work: Work): boolean {
  let left = value(node.first);
  for (const [sign, operand] of node.rest) {
    const right = value(operand);
    if (!holds(sign, left, right, work)) return false;
    left = right;
  }
  return true;
}

function concatenated(items: readonly Value[], work: Work): string {
  let text = '';
  for (const item of items) {
    text += str(item, work);
    work.joined(text.length);
  }
  return text;
}

/** Applies the filter of a node to a value. */
export function filtered(
  node: Expression & { kind: 'filter' | 'test' },
  value: Value,
  scope: Scope,
  context: Context,
): Value {
  return context.filter(node.name, value, argumentsOf(node.args, scope, context));
}

/** Calls a value. */
export function call(callee: Value, args: Arguments): Value {
  if (callee instanceof Callable) return callee.call(args);
  if (callee instanceof Undefined) throw callee.fail();
  throw failure(`'${typeOf(callee)}' object is not callable`);
}

/** Counts the size of a function's result. */
function counted(value: Value, work: Work): Value {
  if (typeof value === 'string') work.joined(value.length);
  else if (isList(value)) work.spend(value.length);
  return value;
}

/** The values of a call's arguments. */
export function argumentsOf(args: CallArguments, scope: Scope, context: Context): Arguments {
  if (args.positional.length + args.keywords.length === 0 && args.list === undefined && args.dict === undefined) {
    return noArguments;
  }
  const value = (of: Expression): Value => evaluate(of, scope, context);
  const positional = args.positional.map(value);
  const keywords = new Map(args.keywords.map(([name, of]) => [name, value(of)]));
  if (args.list !== undefined) positional.push(...itemsOf(value(args.list), context.work));
  if (args.dict !== undefined) {
    const dict = value(args.dict);
    if (!(dict instanceof Dict)) throw failure(`argument after ** must be a mapping, not ${typeOf(dict)}`);
    for (const [key, entry] of dict.pairs()) keywords.set(textOf(key) ?? String(key), entry);
  }
  return { positional, keywords };
}
