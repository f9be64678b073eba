import { floatText } from './_python-float.js';
import {
  Callable,
  Dict,
  Float,
  Generator,
  isList,
  Markup,
  Namespace,
  Range,
  Tuple,
  textOf,
  Undefined,
  type Value,
  View,
} from './_values.js';
import type { Work } from './_work.js';

/** `str(value)`, the text that a template prints. */
export function str(value: Value, work: Work): string {
  return textOf(value) ?? (value instanceof Undefined ? '' : repr(value, work));
}

/** `repr(value)`, the text of a value inside of another value. */
export function repr(value: Value, work: Work): string {
  work.spend(3);
  const text = textOf(value);
  if (text !== undefined) {
    work.text(text.length);
    return value instanceof Markup ? `Markup(${quoted(text)})` : quoted(text);
  }
  return plain(value) ?? compound(value, work);
}

function plain(value: Value): string | undefined {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Range) {
    return `range(${value.start}, ${value.stop}${value.step === 1 ? '' : `, ${value.step}`})`;
  }
  if (value instanceof Callable) return value.printed ?? `<built-in method ${value.name}>`;
  return value instanceof Generator ? `<${value.type} object>` : undefined;
}

function compound(value: Value, work: Work): string {
  return work.nested(() => {
    const list = (items: Iterable<Value>): string => Array.from(items, (item) => repr(item, work)).join(', ');
    if (isList(value)) return `[${list(value)}]`;
    if (value instanceof Tuple) return `(${list(value.items)}${value.items.length === 1 ? ',' : ''})`;
    if (value instanceof View) return `${value.type}([${list(value.items())}])`;
    if (value instanceof Dict) return pairs(value.pairs(), work);
    if (value instanceof Namespace) return `<Namespace ${pairs(value.values, work)}>`;
    return '<object>';
  });
}

function pairs(entries: Iterable<readonly [Value, Value]>, work: Work): string {
  return `{${Array.from(entries, ([key, value]) => `${repr(key, work)}: ${repr(value, work)}`).join(', ')}}`;
}

const special: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** `repr` of a text. */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text.replace(/[\\'"]|(?! )[\p{C}\p{Z}]/gu, (char) => {
    if (char === quote) return `\\${char}`;
    if (char === "'" || char === '"') return char;
    return special[char] ?? escaped(char.codePointAt(0) ?? 0);
  });
  return `${quote}${inside}${quote}`;
}

function escaped(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
