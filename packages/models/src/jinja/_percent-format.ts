import { failure } from './_jinja-error.js';
import { repr, str } from './_print.js';
import { fixed, general, scientific } from './_python-float.js';
import { characters, lengthOf } from './_text.js';
import { Dict, Float, isList, numberOf, Range, Tuple, textOf, typeOf, Undefined, type Value } from './_values.js';
import type { Work } from './_work.js';

const conversion = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d{1,9})?(?:\.(\*|\d{0,9}))?[hlL]?([\s\S])?/g;

/** `text % values`, Python's formatting in the style of C. */
export function percentFormat(text: string, values: Value, work: Work): string {
  const positional = values instanceof Tuple ? values.items : [values];
  let at = 0;
  let hasKeys = false;
  const next = (): Value => {
    const value = positional[at++];
    if (value === undefined) throw failure('not enough arguments for format string');
    return value;
  };
  const result = text.replace(
    conversion,
    (whole, key?: string, flags = '', width?: string, precision?: string, kind?: string) => {
      if (whole === '%%' || kind === '%') return '%';
      if (kind === undefined) throw failure('incomplete format');
      const size = width === '*' ? Number(next()) : Number(width ?? 0);
      const digits = precision === undefined ? undefined : precision === '*' ? Number(next()) : Number(precision || 0);
      hasKeys ||= key !== undefined;
      const value = key === undefined ? next() : entry(values, key);
      work.text(size + (digits ?? 0));
      return padded(converted(value, kind, flags, digits, work), flags, size, kind);
    },
  );
  // In Python, values with items count as mappings, which may have more entries than the text uses.
  const isMapping = values instanceof Dict || isList(values) || values instanceof Range || values instanceof Undefined;
  if (at < positional.length && !hasKeys && !isMapping)
    throw failure('not all arguments converted during string formatting');
  work.text(result.length);
  return result;
}

function entry(values: Value, key: string): Value {
  if (!(values instanceof Dict)) throw failure('format requires a mapping');
  const value = values.get(key);
  if (value === undefined) throw failure(`KeyError: '${key}'`);
  return value;
}

function converted(value: Value, kind: string, flags: string, digits: number | undefined, work: Work): string {
  if ('sra'.includes(kind)) {
    const text = kind === 's' ? str(value, work) : repr(value, work);
    return digits === undefined ? text : characters(text).slice(0, digits).join('');
  }
  if (kind === 'c') return character(value);
  const number = numberOf(value);
  const sign = (text: string): string =>
    text.startsWith('-') ? text : flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
  if (number === undefined) {
    const expected = 'dui'.includes(kind) ? `%${kind} format: a real number is required` : 'must be real number';
    throw failure(`${expected}, not ${typeOf(value)}`);
  }
  return sign(numeric(number, kind, flags, digits, value instanceof Float));
}

function numeric(number: number, kind: string, flags: string, digits: number | undefined, float: boolean): string {
  const base = { o: 8, x: 16, X: 16 }[kind];
  if ('dui'.includes(kind) || base !== undefined) {
    if (float && base !== undefined) throw failure(`%${kind} format: an integer is required, not float`);
    return whole(Math.trunc(number), kind, base ?? 10, flags, digits ?? 0);
  }
  const lower = kind.toLowerCase();
  const format = { e: scientific, f: fixed, g: general }[lower];
  if (format === undefined) throw failure(`unsupported format character '${kind}'`);
  const text = format(number, digits ?? 6);
  return kind === lower ? text : text.toUpperCase();
}

function whole(number: number, kind: string, base: number, flags: string, digits: number): string {
  const text = Math.abs(number).toString(base).padStart(digits, '0');
  const prefix = base === 10 || !flags.includes('#') ? '' : `0${kind}`;
  return (number < 0 ? '-' : '') + prefix + (kind === 'X' ? text.toUpperCase() : text);
}

function character(value: Value): string {
  if (typeof value === 'number') return String.fromCodePoint(value);
  const text = textOf(value);
  if (text === undefined || lengthOf(text) !== 1) throw failure('%c requires int or char');
  return text;
}

function padded(text: string, flags: string, width: number, kind: string): string {
  const room = Math.max(0, width - lengthOf(text));
  if (flags.includes('-')) return text + ' '.repeat(room);
  if (!flags.includes('0') || 'src'.includes(kind)) return ' '.repeat(room) + text;
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(room) + text.slice(sign.length);
}
