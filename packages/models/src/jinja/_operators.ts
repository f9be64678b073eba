import { compare, contains, equals } from './_compare.js';
import { failure } from './_jinja-error.js';
import { percentFormat } from './_percent-format.js';
import { Float, int, isList, Markup, numberOf, Tuple, textOf, typeOf, Undefined, type Value } from './_values.js';
import type { Work } from './_work.js';

/** The result of a binary operator. */
export function binary(sign: string, a: Value, b: Value, work: Work): Value {
  const format = sign === '%' ? textOf(a) : undefined;
  if (format !== undefined) return percentFormat(format, b, work);
  for (const value of [a, b]) if (value instanceof Undefined) throw value.fail();
  const left = numberOf(a);
  const right = numberOf(b);
  if (left !== undefined && right !== undefined) {
    return arithmetic(sign, left, right, a instanceof Float || b instanceof Float);
  }
  const result = sign === '+' ? plus(a, b, work) : sign === '*' ? times(a, b, work) : undefined;
  if (result !== undefined) return result;
  throw failure(`unsupported operand type(s) for ${sign}: '${typeOf(a)}' and '${typeOf(b)}'`);
}

function arithmetic(sign: string, a: number, b: number, float: boolean): Value {
  const number = (value: number): Value => (float ? new Float(value) : int(value));
  switch (sign) {
    case '+':
      return number(a + b);
    case '-':
      return number(a - b);
    case '*':
      return number(a * b);
    case '**':
      return power(a, b, float);
  }
  if (b === 0) throw failure(sign === '%' ? 'integer modulo by zero' : 'division by zero');
  if (sign === '/') return new Float(a / b);
  // Python's remainder has the divisor's sign, and its whole division rounds down.
  const remainder = a % b;
  const positive = remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
  if (sign === '%') return number(positive === 0 && float ? (b < 0 ? -0 : 0) : positive);
  return number(float ? wholeDivision(a, b, positive) : Math.floor(a / b));
}

/** `//` of floats as in Python: the remainder is subtracted first, then the quotient is rounded to a whole number. */
function wholeDivision(a: number, b: number, remainder: number): number {
  const quotient = (a - remainder) / b;
  const down = Math.floor(quotient);
  return quotient - down > 0.5 ? down + 1 : down;
}

function power(a: number, b: number, float: boolean): Value {
  if (a === 0 && b < 0) throw failure('0.0 cannot be raised to a negative power');
  const result = a ** b;
  if (Number.isNaN(result) && !Number.isNaN(a) && !Number.isNaN(b)) {
    throw failure('a negative number cannot be raised to a fraction here');
  }
  if (float && !Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b)) {
    throw failure("(34, 'Numerical result out of range')");
  }
  return float || b < 0 ? new Float(result) : int(result);
}

function plus(a: Value, b: Value, work: Work): Value | undefined {
  const left = textOf(a);
  const right = textOf(b);
  if (left !== undefined && right !== undefined) return joined(a, b, left, right, work);
  if (isList(a) && isList(b)) return concatenated(a, b, work);
  if (a instanceof Tuple && b instanceof Tuple) return new Tuple(concatenated(a.items, b.items, work));
  if (left !== undefined) throw failure(`can only concatenate str (not "${typeOf(b)}") to str`);
  if (isList(a)) throw failure(`can only concatenate list (not "${typeOf(b)}") to list`);
  return undefined;
}

/** The concatenation of two texts. If one of them is escaped, the other is escaped first. */
function joined(a: Value, b: Value, left: string, right: string, work: Work): Value {
  work.joined(left.length + right.length);
  if (!(a instanceof Markup || b instanceof Markup)) return left + right;
  const part = (value: Value, text: string): string => (value instanceof Markup ? text : escapeHtml(text));
  return new Markup(part(a, left) + part(b, right));
}

/** A text with HTML's entities in the place of its special characters. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('>', '&gt;')
    .replaceAll('<', '&lt;')
    .replaceAll("'", '&#39;')
    .replaceAll('"', '&#34;');
}

function concatenated(a: readonly Value[], b: readonly Value[], work: Work): Value[] {
  work.spend(a.length + b.length);
  return [...a, ...b];
}

function times(a: Value, b: Value, work: Work): Value | undefined {
  const [value, factor] = repeatable(a) ? [a, b] : [b, a];
  if (!repeatable(value) || (typeof factor !== 'number' && typeof factor !== 'boolean')) return undefined;
  const count = Math.max(0, Number(factor));
  const text = textOf(value);
  if (text !== undefined) {
    work.text(text.length * count);
    return value instanceof Markup ? new Markup(text.repeat(count)) : text.repeat(count);
  }
  const items = value instanceof Tuple ? value.items : (value as readonly Value[]);
  work.spend(items.length * count);
  const repeated = Array.from({ length: items.length * count }, (_, i) => items[i % items.length] as Value);
  return value instanceof Tuple ? new Tuple(repeated) : repeated;
}

function repeatable(value: Value): boolean {
  return textOf(value) !== undefined || isList(value) || value instanceof Tuple;
}

/** `-value` and `+value`. */
export function unary(sign: '-' | '+', value: Value): Value {
  if (value instanceof Undefined) throw value.fail();
  const number = numberOf(value);
  if (number === undefined) throw failure(`bad operand type for unary ${sign}: '${typeOf(value)}'`);
  if (value instanceof Float) return new Float(sign === '-' ? -number : number);
  return int(sign === '-' ? -number : number);
}

/** Whether a comparison holds. */
export function holds(sign: string, a: Value, b: Value, work: Work): boolean {
  switch (sign) {
    case '==':
      return equals(a, b, work);
    case '!=':
      return !equals(a, b, work);
    case 'in':
      return contains(b, a, work);
    case 'not in':
      return !contains(b, a, work);
    case '<':
      return compare(a, b, sign, work) < 0;
    case '<=':
      return compare(a, b, sign, work) <= 0;
    case '>':
      return compare(a, b, sign, work) > 0;
    default:
      return compare(a, b, sign, work) >= 0;
  }
}
