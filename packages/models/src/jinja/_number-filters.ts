import type { Filter } from './_filter.js';
import { failure } from './_jinja-error.js';
import { fixed } from './_python-float.js';
import { intOf } from './_signature.js';
import { strip } from './_text.js';
import { Float, int, numberOf, textOf, truthy, typeOf, Undefined, type Value } from './_values.js';

/** Jinja's filters of numbers. */
export const numberFilters: Readonly<Record<string, Filter>> = {
  abs: ['', absolute],
  filesizeformat: [
    'binary?',
    (value, [binary]) => fileSize(toFloat(value) ?? fail(value), binary !== undefined && truthy(binary)),
  ],
  float: ['default?', (value, [otherwise = new Float(0)]) => asFloat(value) ?? otherwise],
  int: ['default? base?', (value, [otherwise = 0, base]) => toInt(value, intOf(base, 10)) ?? otherwise],
  round: ['precision? method?', rounded],
};

function absolute(value: Value): Value {
  if (value instanceof Undefined) throw value.fail();
  const number = numberOf(value);
  if (number === undefined) throw failure(`bad operand type for abs(): '${typeOf(value)}'`);
  return value instanceof Float ? new Float(Math.abs(number)) : Math.abs(number);
}

function fail(value: Value): never {
  throw value instanceof Undefined ? value.fail() : failure(`'${typeOf(value)}' is no number`);
}

function asFloat(value: Value): Float | undefined {
  const number = toFloat(value);
  return number === undefined ? undefined : new Float(number);
}

/** `float(value)`; undefined when Python fails because the value or its type is no number. */
function toFloat(value: Value): number | undefined {
  if (value instanceof Undefined) throw value.fail();
  const text = textOf(value);
  if (text === undefined) return numberOf(value);
  const word = strip(text).toLowerCase();
  if (/^[+-]?(inf|infinity)$/.test(word)) return word.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/.test(word)) return Number.NaN;
  return /^[+-]?(\d[\d_]*\.?|\d[\d_]*\.\d[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?$/.test(word)
    ? Number(word.replaceAll('_', ''))
    : undefined;
}

function toInt(value: Value, base: number): Value | undefined {
  if (value instanceof Undefined) throw value.fail();
  const text = textOf(value);
  const whole = text === undefined ? undefined : wholeOf(strip(text), base);
  if (whole !== undefined) return int(whole);
  const number = toFloat(value);
  return number === undefined || !Number.isFinite(number) ? undefined : int(Math.trunc(number));
}

/** `int(text, base)`. */
function wholeOf(text: string, base: number): number | undefined {
  const [, sign = '', prefix = '', digits = ''] =
    /^([+-]?)(0[xXoObB])?_?([0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*)$/.exec(text) ?? [];
  const implied = { x: 16, o: 8, b: 2 }[prefix.slice(1).toLowerCase()];
  const radix = base === 0 ? (implied ?? 10) : base;
  if (radix < 2 || radix > 36) return undefined;
  const all = implied === undefined || implied === radix ? digits : prefix + digits;
  let value = 0;
  for (const digit of all.replaceAll('_', '')) {
    const worth = Number.parseInt(digit, 36);
    if (!(worth < radix)) return undefined;
    value = value * radix + worth;
  }
  return all === '' ? undefined : sign === '-' ? -value : value;
}

function rounded(value: Value, [precision, method]: readonly (Value | undefined)[]): Value {
  const number = numberOf(value) ?? fail(value);
  const digits = intOf(precision, 0);
  const how = textOf(method ?? 'common');
  if (Math.abs(digits) > 300) throw failure('round has no such precision here');
  if (how === 'common')
    return value instanceof Float ? new Float(roundFloat(number, digits)) : roundInt(number, digits);
  if (how !== 'ceil' && how !== 'floor') throw failure('method must be common, ceil or floor');
  const factor = 10 ** digits;
  return new Float(Math[how](number * factor) / factor);
}

/** The nearest number, decided by the exact value. Halves go to the even neighbour. */
function roundFloat(number: number, digits: number): number {
  if (!Number.isFinite(number) || digits > 22) return number;
  if (digits < 0) return roundHalfEven(number / 10 ** -digits) * 10 ** -digits;
  return digits === 0 ? roundHalfEven(number) : Number(fixed(number, digits));
}

function roundHalfEven(number: number): number {
  const down = Math.floor(number);
  const part = number - down;
  if (part !== 0.5) return part < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

function roundInt(number: number, digits: number): number {
  if (digits >= 0) return number;
  const factor = 10 ** -digits;
  return factor > 2 ** 53 ? 0 : roundHalfEven(number / factor) * factor;
}

function fileSize(bytes: number, binary: boolean): string {
  const base = binary ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const units = binary
    ? ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB']
    : ['kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
  let at = 0;
  while (at < units.length - 1 && bytes >= base ** (at + 2)) at++;
  return `${fixed((base * bytes) / base ** (at + 2), 1)} ${units[at]}`;
}
