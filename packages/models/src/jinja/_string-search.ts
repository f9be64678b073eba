import { failure } from './_jinja-error.js';
import { type BoundValues, intOf, needText } from './_signature.js';
import { bounds } from './_slices.js';
import { characters, hasPairs, isBlank, lengthOf } from './_text.js';
import { Tuple, typeOf, type Value } from './_values.js';
import type { Work } from './_work.js';

/** The part of a text that is searched, and where the part begins, in characters. */
function part(text: string, from: Value | undefined, to: Value | undefined): { text: string; start: number } {
  const characterList = hasPairs(text) ? characters(text) : undefined;
  const length = characterList?.length ?? text.length;
  const [start, stop] = bounds([from ?? null, to ?? null, null], length);
  const end = Math.max(start, stop);
  return { text: characterList?.slice(start, end).join('') ?? text.slice(start, end), start };
}

/** `find` and `rfind`: the position of a part, or −1. */
export function find(text: string, [sub, from, to]: BoundValues, last: boolean): number {
  const searched = needText(sub, 'argument 1');
  const within = part(text, from, to);
  const at = last ? within.text.lastIndexOf(searched) : within.text.indexOf(searched);
  return at < 0 ? -1 : within.start + lengthOf(within.text.slice(0, at));
}

/** `count`: how often a part occurs without overlaps. */
export function count(text: string, [sub, from, to]: BoundValues): number {
  const searched = needText(sub, 'argument 1');
  const within = part(text, from, to).text;
  return searched === '' ? lengthOf(within) + 1 : within.split(searched).length - 1;
}

/** `startswith` and `endswith`, with one text or a tuple of several. */
export function beginsOrEnds(text: string, [sub, from, to]: BoundValues, ends: boolean): boolean {
  const within = part(text, from, to).text;
  const options = sub instanceof Tuple ? sub.items : [sub];
  return options.some((option) => {
    const name = ends ? 'endswith' : 'startswith';
    const affix = needText(option, `${name} first arg`);
    return ends ? within.endsWith(affix) : within.startsWith(affix);
  });
}

/** `replace`. A negative count replaces all. */
export function replaced(text: string, old: string, by: string, most: number, work: Work): string {
  const pieces = old === '' ? ['', ...characters(text), ''] : text.split(old);
  const times = most < 0 ? pieces.length - 1 : Math.min(most, pieces.length - 1);
  work.text(text.length + times * by.length);
  if (times === pieces.length - 1) return pieces.join(by);
  return [...pieces.slice(0, times), pieces.slice(times).join(old)].join(by);
}

/** `split` and `rsplit`. */
export function split(text: string, [separator, most]: BoundValues, fromEnd: boolean, work: Work): string[] {
  work.text(text.length);
  const limit = intOf(most, -1);
  const sign = separator === undefined || separator === null ? undefined : needText(separator, 'sep');
  if (sign === '') throw failure('empty separator');
  const pieces = sign === undefined ? words(text, limit, fromEnd) : bySign(text, sign, limit, fromEnd);
  work.spend(pieces.length);
  return pieces;
}

function bySign(text: string, sign: string, limit: number, fromEnd: boolean): string[] {
  const pieces = text.split(sign);
  if (limit < 0 || pieces.length - 1 <= limit) return pieces;
  if (fromEnd) {
    const head = pieces.length - limit;
    return [pieces.slice(0, head).join(sign), ...pieces.slice(head)];
  }
  return [...pieces.slice(0, limit), pieces.slice(limit).join(sign)];
}

/** Words between blanks. The text beyond the limit is one piece, without the blanks at its outer end. */
function words(text: string, limit: number, fromEnd: boolean): string[] {
  const spans: [number, number][] = [];
  let from = -1;
  for (let at = 0; at <= text.length; at++) {
    const blank = at === text.length || isBlank(text.charCodeAt(at));
    if (!blank && from < 0) from = at;
    if (blank && from >= 0) {
      spans.push([from, at]);
      from = -1;
    }
  }
  const cut = (list: readonly [number, number][]): string[] => list.map(([a, b]) => text.slice(a, b));
  if (limit < 0 || spans.length <= limit) return cut(spans);
  if (fromEnd) {
    const head = spans.length - limit;
    const end = spans[head - 1]?.[1] ?? 0;
    return [text.slice(0, end), ...cut(spans.slice(head))];
  }
  const start = spans[limit]?.[0] ?? 0;
  return [...cut(spans.slice(0, limit)), text.slice(start)];
}

/** `partition` and `rpartition`. */
export function partition(text: string, sub: Value | undefined, last: boolean): Tuple {
  const sign = needText(sub, 'sep');
  if (sign === '') throw failure('empty separator');
  const at = last ? text.lastIndexOf(sign) : text.indexOf(sign);
  if (at < 0) return new Tuple(last ? ['', '', text] : [text, '', '']);
  return new Tuple([text.slice(0, at), sign, text.slice(at + sign.length)]);
}

/** `sep.join(texts)`: every item must be a text. */
export function joinTexts(sign: string, items: readonly Value[], work: Work): string {
  let length = 0;
  const texts = items.map((item, i) => {
    if (typeof item === 'string') {
      length += item.length + sign.length;
      work.joined(length);
      return item;
    }
    throw failure(`sequence item ${i}: expected str instance, ${typeOf(item)} found`);
  });
  work.text(length);
  return texts.join(sign);
}
