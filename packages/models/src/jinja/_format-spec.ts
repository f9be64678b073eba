import { failure } from './_jinja-error.js';
import { str } from './_print.js';
import { fixed, floatText, general, scientific } from './_python-float.js';
import { characters, lengthOf } from './_text.js';
import { Float, numberOf, textOf, typeOf, type Value } from './_values.js';
import type { Work } from './_work.js';

interface Spec {
  readonly fill: string;
  readonly align: string | undefined;
  readonly sign: string;
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: string;
  readonly precision: number | undefined;
  readonly kind: string;
}

const pattern = /^(?:([\s\S])?([<>=^]))?([+\- ])?(#)?(0)?(\d{1,9})?([,_])?(?:\.(\d{1,9}))?([bcdeEfFgGnosxX%])?$/u;

function parseSpec(text: string): Spec {
  const match = pattern.exec(text);
  if (match === null) throw failure('Invalid format specifier');
  const [, fill, align, sign, alternate, zero, width, grouping, precision, kind] = match;
  return {
    fill: fill ?? (zero === undefined ? ' ' : '0'),
    align: align ?? (zero === undefined ? undefined : '='),
    sign: sign ?? '-',
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping: grouping ?? '',
    precision: precision === undefined ? undefined : Number(precision),
    kind: kind ?? '',
  };
}

/** `format(value, spec)`, whose `spec` is the part after the colon in `'{:…}'.format(value)`. */
export function formatValue(value: Value, text: string, work: Work): string {
  if (text === '') return str(value, work);
  const spec = parseSpec(text);
  work.text(spec.width + (spec.precision ?? 0));
  const number = numberOf(value);
  const words = textOf(value);
  if (words !== undefined) return formatText(words, spec);
  if (number === undefined) {
    throw failure(`unsupported format string passed to ${typeOf(value)}.__format__`);
  }
  return formatNumber(number, value instanceof Float, spec);
}

function formatText(text: string, spec: Spec): string {
  if (spec.kind !== '' && spec.kind !== 's') {
    throw failure(`Unknown format code '${spec.kind}' for object of type 'str'`);
  }
  if (spec.align === '=' && spec.fill !== '0') throw failure("'=' alignment not allowed in string format specifier");
  const cut = spec.precision === undefined ? text : characters(text).slice(0, spec.precision).join('');
  return padded(cut, '', spec.align === '=' ? '<' : (spec.align ?? '<'), spec);
}

function formatNumber(number: number, float: boolean, spec: Spec): string {
  const negative = number < 0 || Object.is(number, -0);
  const sign = negative ? '-' : spec.sign === '-' ? '' : spec.sign;
  const digits = digitsOf(Math.abs(number), float, spec);
  return padded(digits, sign, spec.align ?? '>', spec);
}

function digitsOf(value: number, float: boolean, spec: Spec): string {
  const { kind, precision } = spec;
  const grouped = (text: string): string => group(text, spec.grouping, 3);
  if (!float && 'bcdoxX'.includes(kind || 'd')) return wholeDigits(value, spec);
  const upper = kind === 'E' || kind === 'F' || kind === 'G';
  const text = floatDigits(value, kind.toLowerCase(), precision);
  return grouped(upper ? text.toUpperCase() : text);
}

function floatDigits(value: number, kind: string, precision: number | undefined): string {
  if (kind === 'f') return fixed(value, precision ?? 6);
  if (kind === 'e') return scientific(value, precision ?? 6);
  if (kind === '%') return `${fixed(value * 100, precision ?? 6)}%`;
  if (kind === 'g' || kind === 'n') return general(value, precision ?? 6);
  if (kind !== '') throw failure(`Unknown format code '${kind}' for object of type 'float'`);
  if (precision === undefined) return floatText(value);
  const text = general(value, precision);
  return /[.en]/.test(text) ? text : `${text}.0`;
}

function wholeDigits(value: number, spec: Spec): string {
  if (spec.precision !== undefined) throw failure('Precision not allowed in integer format specifier');
  const base = { b: 2, o: 8, x: 16, X: 16 }[spec.kind];
  if (spec.kind === 'c') return String.fromCodePoint(value);
  if (base === undefined) return group(String(value), spec.grouping, 3);
  const digits = group(value.toString(base), spec.grouping, 4);
  const prefix = spec.alternate ? `0${spec.kind.toLowerCase()}` : '';
  return spec.kind === 'X' ? (prefix + digits).toUpperCase() : prefix + digits;
}

function group(text: string, sign: string, size: number): string {
  if (sign === '') return text;
  const [whole = '', ...rest] = text.split(/(?=[.e%])/);
  const parts: string[] = [];
  for (let end = whole.length; end > 0; end -= size) parts.unshift(whole.slice(Math.max(0, end - size), end));
  return parts.join(sign) + rest.join('');
}

function padded(text: string, sign: string, align: string, spec: Spec): string {
  const room = Math.max(0, spec.width - lengthOf(text) - sign.length);
  if (align === '=') return sign + spec.fill.repeat(room) + text;
  const left = align === '>' ? room : align === '^' ? Math.floor(room / 2) : 0;
  return spec.fill.repeat(left) + sign + text + spec.fill.repeat(room - left);
}
