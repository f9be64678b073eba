import { braceFormat, type Lookup } from './_brace-format.js';
import { itemsOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { type BoundValues, bind, intOf, needText } from './_signature.js';
import { capitalised, swapped, textTests, titled } from './_string-cases.js';
import { beginsOrEnds, count, find, joinTexts, partition, replaced, split } from './_string-search.js';
import { lengthOf, splitLines, strip, stripEnd, stripStart } from './_text.js';
import { type Arguments, Callable, Dict, textOf, truthy, type Value } from './_values.js';
import type { Work } from './_work.js';

type Method = readonly [parameters: string, run: (text: string, args: BoundValues, work: Work) => Value];

const search = 'sub/ start/? end/?';

const methods: Readonly<Record<string, Method>> = {
  capitalize: ['', capitalised],
  casefold: ['', (text) => text.toLowerCase().replaceAll('ß', 'ss').replaceAll('ς', 'σ')],
  center: ['width/ fillchar/?', (text, args, work) => padded(text, args, 'center', work)],
  count: [search, count],
  endswith: [search, (text, args) => beginsOrEnds(text, args, true)],
  expandtabs: ['tabsize?', expandTabs],
  find: [search, (text, args) => find(text, args, false)],
  index: [search, (text, args) => atLeastZero(find(text, args, false))],
  join: ['iterable/', (text, [items], work) => joinTexts(text, itemsOf(items as Value, work), work)],
  ljust: ['width/ fillchar/?', (text, args, work) => padded(text, args, 'left', work)],
  lower: ['', (text) => text.toLowerCase()],
  lstrip: ['chars/?', (text, [chars]) => stripStart(text, charsOf(chars))],
  partition: ['sep/', (text, [sep]) => partition(text, sep, false)],
  removeprefix: ['prefix/', (text, [prefix]) => without(text, needText(prefix, 'prefix'), false)],
  removesuffix: ['suffix/', (text, [suffix]) => without(text, needText(suffix, 'suffix'), true)],
  replace: ['old/ new/ count?', replace],
  rfind: [search, (text, args) => find(text, args, true)],
  rindex: [search, (text, args) => atLeastZero(find(text, args, true))],
  rjust: ['width/ fillchar/?', (text, args, work) => padded(text, args, 'right', work)],
  rpartition: ['sep/', (text, [sep]) => partition(text, sep, true)],
  rsplit: ['sep? maxsplit?', (text, args, work) => split(text, args, true, work)],
  rstrip: ['chars/?', (text, [chars]) => stripEnd(text, charsOf(chars))],
  split: ['sep? maxsplit?', (text, args, work) => split(text, args, false, work)],
  splitlines: ['keepends?', (text, [keep]) => splitLines(text, keep !== undefined && truthy(keep))],
  startswith: [search, (text, args) => beginsOrEnds(text, args, false)],
  strip: ['chars/?', (text, [chars]) => strip(text, charsOf(chars))],
  swapcase: ['', swapped],
  title: ['', titled],
  upper: ['', (text) => text.toUpperCase()],
  zfill: ['width/', zeroFilled],
};

/** A method of a text; undefined when Python's `str` has none of this name. */
export function stringMethod(text: string, name: string, lookup: Lookup, work: Work): Callable | undefined {
  const run = runOf(text, name, lookup, work);
  return run === undefined ? undefined : new Callable(name, run);
}

function runOf(text: string, name: string, lookup: Lookup, work: Work): ((args: Arguments) => Value) | undefined {
  if (name === 'format') return (args) => braceFormat(text, args, lookup, work);
  if (name === 'format_map') {
    return (args) =>
      braceFormat(text, { positional: [], keywords: mapOf(bind(name, 'mapping/', args)[0]) }, lookup, work);
  }
  const test = Object.hasOwn(textTests, name) ? textTests[name] : undefined;
  if (test !== undefined) {
    return (args) => {
      bind(name, '', args);
      work.text(text.length);
      return test(text);
    };
  }
  if (['encode', 'maketrans', 'translate'].includes(name)) {
    return () => {
      throw failure(`str.${name} is not supported`);
    };
  }
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (method === undefined) return undefined;
  return (args) => {
    work.text(text.length);
    return method[1](text, bind(name, method[0], args), work);
  };
}

function charsOf(value: Value | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  const chars = textOf(value);
  if (chars === undefined) throw failure('strip arg must be None or str');
  return chars;
}

function atLeastZero(at: number): number {
  if (at < 0) throw failure('substring not found');
  return at;
}

function without(text: string, part: string, end: boolean): string {
  if (part === '' || !(end ? text.endsWith(part) : text.startsWith(part))) return text;
  return end ? text.slice(0, -part.length) : text.slice(part.length);
}

function replace(text: string, [old, by, most]: BoundValues, work: Work): string {
  return replaced(
    text,
    needText(old, 'replace() argument 1'),
    needText(by, 'replace() argument 2'),
    intOf(most, -1),
    work,
  );
}

function padded(text: string, [width, fill]: BoundValues, side: 'left' | 'right' | 'center', work: Work): string {
  const char = fill === undefined ? ' ' : needText(fill, 'fillchar');
  if (lengthOf(char) !== 1) throw failure('The fill character must be exactly one character long');
  const size = intOf(width, 0);
  const room = Math.max(0, size - lengthOf(text));
  work.text(text.length + room);
  if (side === 'left') return text + char.repeat(room);
  if (side === 'right') return char.repeat(room) + text;
  // When the blanks are odd in number, Python puts the odd one to the left for an odd width, else to the right.
  const left = Math.floor(room / 2) + (room % 2 === 1 && size % 2 === 1 ? 1 : 0);
  return char.repeat(left) + text + char.repeat(room - left);
}

function zeroFilled(text: string, [width]: BoundValues, work: Work): string {
  const room = Math.max(0, intOf(width, 0) - lengthOf(text));
  work.text(text.length + room);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(room) + text.slice(sign.length);
}

function expandTabs(text: string, [size]: BoundValues, work: Work): string {
  const width = intOf(size, 8);
  let column = 0;
  let length = 0;
  return Array.from(text, (char) => {
    const spaces = char !== '\t' ? undefined : width > 0 ? width - (column % width) : 0;
    column = char === '\n' || char === '\r' ? 0 : column + (spaces ?? 1);
    length += spaces ?? char.length;
    work.joined(length);
    return spaces === undefined ? char : ' '.repeat(spaces);
  }).join('');
}

function mapOf(value: Value | undefined): Map<string, Value> {
  if (!(value instanceof Dict)) throw failure('format_map() takes a mapping');
  return new Map(Array.from(value.pairs(), ([key, entry]) => [textOf(key) ?? '', entry]));
}
