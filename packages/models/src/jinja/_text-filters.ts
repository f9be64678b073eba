import { attribute } from './_attributes.js';
import type { Context } from './_evaluator.js';
import type { Filter } from './_filter.js';
import { striptags, urlQuote, xmlAttributes } from './_html.js';
import { itemsOf, sizeOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { escapeHtml } from './_operators.js';
import { percentFormat } from './_percent-format.js';
import { repr, str } from './_print.js';
import { type BoundValues, intOf, needText } from './_signature.js';
import { capitalised } from './_string-cases.js';
import { replaced } from './_string-search.js';
import { characters, lengthOf, splitLines, strip } from './_text.js';
import {
  Callable,
  Dict,
  isList,
  Markup,
  Tuple,
  textOf,
  truthy,
  typeOf,
  Undefined,
  type Value,
  View,
} from './_values.js';
import { wrapped } from './_word-wrap.js';

type OnText = (text: string, args: BoundValues, context: Context) => Value;

/** A filter of texts that accepts other values, which become texts first. */
function soft(parameters: string, apply: OnText): Filter {
  return [
    parameters,
    (value, args, context) => {
      const text = str(value, context.work);
      context.work.text(text.length);
      return apply(text, args, context);
    },
  ];
}

/** A filter of texts that refuses other values. */
function strict(parameters: string, apply: OnText): Filter {
  return [
    parameters,
    (value, args, context) => {
      const text = textOf(value);
      if (text === undefined)
        throw value instanceof Undefined ? value.fail() : failure(`'${typeOf(value)}' is no text`);
      context.work.text(text.length);
      return apply(text, args, context);
    },
  ];
}

/** An escaped text. A character becomes five characters at most. */
function escapedText(text: string, { work }: Context): Markup {
  work.text(5 * text.length);
  return new Markup(escapeHtml(text));
}

const escaped: Filter = [
  '',
  (value, _, context) => (value instanceof Markup ? value : escapedText(str(value, context.work), context)),
];

/** Jinja's filters of texts. */
export const textFilters: Readonly<Record<string, Filter>> = {
  capitalize: soft('', capitalised),
  center: soft('width?', (text, [width], { work }) => centred(text, width ?? 80, work)),
  e: escaped,
  escape: escaped,
  forceescape: soft('', (text, _, context) => escapedText(text, context)),
  format: (value, { positional, keywords }, { work }) => {
    if (positional.length > 0 && keywords.size > 0) {
      throw failure("can't handle positional and keyword arguments at the same time");
    }
    const dict = new Dict();
    for (const [key, entry] of keywords) dict.set(key, entry);
    return percentFormat(str(value, work), keywords.size > 0 ? dict : new Tuple(positional), work);
  },
  indent: strict('width? first? blank?', indented),
  lower: soft('', (text) => text.toLowerCase()),
  pprint: ['', printed],
  replace: soft('old new count?', (text, [old, by, most], { work }) =>
    replaced(text, str(old as Value, work), str(by as Value, work), most === null ? -1 : intOf(most, -1), work),
  ),
  safe: soft('', (text) => new Markup(text)),
  string: ['', (value, _, { work }) => (value instanceof Markup ? value : str(value, work))],
  striptags: soft('', (text, _, { work }) => striptags(text, work)),
  title: soft('', jinjaTitle),
  trim: soft('chars?', (text, [chars]) => {
    if (chars === undefined || chars === null) return strip(text);
    return strip(text, needText(chars, 'strip arg'));
  }),
  truncate: ['length? killwords? end? leeway?', truncated],
  upper: soft('', (text) => text.toUpperCase()),
  urlencode: ['', urlEncoded],
  wordcount: soft('', (text) => text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  wordwrap: strict('width? break_long_words? wrapstring? break_on_hyphens?', wordWrapped),
  xmlattr: [
    'autospace?',
    (value, [space], { work }) => xmlAttributes(value, space === undefined || truthy(space), work),
  ],
};

function centred(text: string, width: Value, work: Context['work']): Value {
  const center = attribute(text, 'center', work);
  return center instanceof Callable ? center.call({ positional: [width], keywords: new Map() }) : text;
}

/** `pprint`. Python breaks values that are longer than a line, which is not supported. */
function printed(value: Value, _: BoundValues, { work }: Context): string {
  const text = repr(value, work);
  if (text.length > 80) throw failure("the filter 'pprint' is not supported for values that are longer than a line");
  return text;
}

/** Jinja's own `title`: words begin after blanks, dashes and opening brackets. */
function jinjaTitle(text: string): string {
  const words = text.split(/([-\s({[<]+)/);
  return words
    .map((word) => {
      const [first = ''] = word;
      return first.toUpperCase() + word.slice(first.length).toLowerCase();
    })
    .join('');
}

function indented(text: string, [width = 4, first = false, blank = false]: BoundValues, { work }: Context): string {
  const by = textOf(width) ?? ' '.repeat(Math.min(1000, Math.max(0, intOf(width, 4))));
  const [head = '', ...lines] = splitLines(`${text}\n`);
  work.text(text.length + (lines.length + 1) * by.length);
  const all = [head, ...lines.map((line) => (truthy(blank) || line !== '' ? by + line : line))].join('\n');
  return truthy(first) ? by + all : all;
}

function truncated(value: Value, [length = 255, kill = false, end = '...', leeway = 5]: BoundValues): Value {
  const tail = needText(end, 'end');
  const most = intOf(length, 255);
  const slack = leeway === null ? 5 : intOf(leeway, 5);
  if (most < lengthOf(tail)) throw failure(`expected length >= ${lengthOf(tail)}, got ${most}`);
  if (slack < 0) throw failure(`expected leeway >= 0, got ${slack}`);
  const size = sizeOf(value);
  if (size !== undefined && size <= most + slack) return value;
  const head = characters(needText(value, 'the value'))
    .slice(0, most - lengthOf(tail))
    .join('');
  if (truthy(kill)) return head + tail;
  const at = head.lastIndexOf(' ');
  return (at < 0 ? head : head.slice(0, at)) + tail;
}

function wordWrapped(
  text: string,
  [width = 79, long = true, by = null, hyphens = true]: BoundValues,
  { work }: Context,
): string {
  const options = { width: intOf(width, 79), breakLong: truthy(long), breakHyphens: truthy(hyphens) };
  const sign = by === null ? '\n' : needText(by, 'wrapstring');
  return splitLines(text)
    .map((line) => wrapped(line, options, work).join(sign))
    .join(sign);
}

function urlEncoded(value: Value, _: BoundValues, { work }: Context): string {
  const quote = (part: Value | undefined, query: boolean): string => urlQuote(str(part ?? null, work), query);
  if (!(value instanceof Dict || isList(value) || value instanceof Tuple || value instanceof View)) {
    return quote(value, false);
  }
  const pairs = value instanceof Dict ? new View(value, 'dict_items') : value;
  return itemsOf(pairs, work)
    .map((pair) => {
      const [key, entry, ...more] = itemsOf(pair, work);
      if (entry === undefined || more.length > 0) throw failure('urlencode takes pairs');
      return `${quote(key, true)}=${quote(entry, true)}`;
    })
    .join('&');
}
