import { compare, contains, equals } from './_compare.js';
import type { Context } from './_evaluator.js';
import { iterate, sizeOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { binary } from './_operators.js';
import { str } from './_print.js';
import { bind } from './_signature.js';
import { textTests } from './_string-cases.js';
import {
  type Arguments,
  Callable,
  Dict,
  Float,
  Markup,
  numberOf,
  textOf,
  Undefined,
  type Value,
  View,
} from './_values.js';

type Check = (value: Value, other: Value, context: Context) => boolean;
type Test = readonly [parameters: string, check: Check];

const equal: Test = ['other', (a, b, { work }) => equals(a, b, work)];
const different: Test = ['other', (a, b, { work }) => !equals(a, b, work)];
const less: Test = ['other', (a, b, { work }) => compare(a, b, '<', work) < 0];
const more: Test = ['other', (a, b, { work }) => compare(a, b, '>', work) > 0];
const atMost: Test = ['other', (a, b, { work }) => compare(a, b, '<=', work) <= 0];
const atLeast: Test = ['other', (a, b, { work }) => compare(a, b, '>=', work) >= 0];

/** Jinja's tests. */
const tests: Readonly<Record<string, Test>> = {
  boolean: ['', (value) => typeof value === 'boolean'],
  // In Python, undefined is callable, although every call fails.
  callable: ['', (value) => value instanceof Callable || value instanceof Undefined],
  defined: ['', (value) => !(value instanceof Undefined)],
  divisibleby: ['num', (value, by, context) => remainder(value, by, context) === 0],
  escaped: ['', (value) => value instanceof Markup],
  even: ['', (value, _, context) => remainder(value, 2, context) === 0],
  false: ['', (value) => value === false],
  filter: ['', (value, _, context) => isName(value, context, 'filter')],
  float: ['', (value) => value instanceof Float],
  in: ['seq', (value, seq, { work }) => contains(seq, value, work)],
  integer: ['', (value) => typeof value === 'number'],
  iterable: ['', (value) => iterate(value) !== undefined],
  lower: ['', (value, _, { work }) => textTests.islower?.(str(value, work)) === true],
  mapping: ['', (value) => value instanceof Dict],
  none: ['', (value) => value === null],
  number: ['', (value) => numberOf(value) !== undefined],
  odd: ['', (value, _, context) => remainder(value, 2, context) === 1],
  sameas: ['other', (value, other) => value === other],
  sequence: ['', (value) => sizeOf(value) !== undefined && !(value instanceof View)],
  string: ['', (value) => textOf(value) !== undefined],
  test: ['', (value, _, context) => isName(value, context, 'test')],
  true: ['', (value) => value === true],
  undefined: ['', (value) => value instanceof Undefined],
  upper: ['', (value, _, { work }) => textTests.isupper?.(str(value, work)) === true],
  '==': equal,
  eq: equal,
  equalto: equal,
  '!=': different,
  ne: different,
  '<': less,
  lt: less,
  lessthan: less,
  '>': more,
  gt: more,
  greaterthan: more,
  '<=': atMost,
  le: atMost,
  '>=': atLeast,
  ge: atLeast,
};

/** The names of Jinja's tests. */
export const testNames: ReadonlySet<string> = new Set(Object.keys(tests));

/** Whether a test holds for a value. */
export function applyTest(name: string, value: Value, args: Arguments, context: Context): boolean {
  const test = testNames.has(name) ? tests[name] : undefined;
  if (test === undefined) throw failure(`No test named '${name}'.`);
  const [other = null] = bind(name, test[0], args);
  return test[1](value, other, context);
}

function remainder(value: Value, by: Value, { work }: Context): number | undefined {
  return numberOf(binary('%', value, by, work));
}

/** Whether a value is the name of a filter or a test. */
function isName(value: Value, context: Context, kind: 'filter' | 'test'): boolean {
  const name = textOf(value);
  return name !== undefined && context.names[kind].has(name);
}
