import { isObject } from '@dpo/base';

/** A token that is found in a text before it is cut into words, and how. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where no letter, digit or underscore stands beside it. */
  readonly singleWord: boolean;
  /** Takes the blanks before it along. */
  readonly lstrip: boolean;
  /** Takes the blanks after it along. */
  readonly rstrip: boolean;
  /** Is sought in the text as the normaliser writes it, and so in the normaliser's spelling. */
  readonly normalized: boolean;
  /** Is no text. */
  readonly special: boolean;
}

/** A part of a text: a token, or what lies between two. */
export interface Section {
  readonly from: number;
  readonly text: string;
  readonly id?: number;
}

/** The `added_tokens` of a tokenizer.json, or an entry of `added_tokens_decoder` with its id. */
export function addedTokenOf(entry: unknown, id?: number): AddedToken | undefined {
  if (!isObject(entry) || typeof entry.content !== 'string' || entry.content === '') return undefined;
  const special = entry.special === true;
  return {
    id: id ?? Number(entry.id),
    content: entry.content,
    singleWord: entry.single_word === true,
    lstrip: entry.lstrip === true,
    rstrip: entry.rstrip === true,
    normalized: typeof entry.normalized === 'boolean' ? entry.normalized : !special,
    special,
  };
}

interface Node {
  readonly next: Map<string, Node>;
  token?: AddedToken;
}

/**
 * Finds tokens in texts: of all that begin at the leftmost place the longest one, as `added_vocabulary.rs` of Hugging Face's
 * tokenizers does.
 *
 * @param tokens the tokens, and what each is written as
 */
export function tokenFinder(
  tokens: readonly (readonly [written: string, token: AddedToken])[],
): (text: string) => Section[] {
  const root: Node = { next: new Map() };
  for (const [written, token] of tokens) {
    let node = root;
    for (const unit of written.split('')) {
      let next = node.next.get(unit);
      if (next === undefined) {
        next = { next: new Map() };
        node.next.set(unit, next);
      }
      node = next;
    }
    if (node !== root) node.token ??= token;
  }
  if (root.next.size === 0) return (text) => (text === '' ? [] : [{ from: 0, text }]);
  const candidates = new RegExp(`[${[...root.next.keys()].map(escapeUnit).join('')}]`, 'g');
  return (text) => sectionsOf(text, root, candidates);
}

function sectionsOf(text: string, root: Node, candidates: RegExp): Section[] {
  const sections: Section[] = [];
  let end = 0;
  candidates.lastIndex = 0;
  for (let found = candidates.exec(text); found !== null; found = candidates.exec(text)) {
    const match = longestAt(text, found.index, root);
    if (match === undefined) continue;
    const { token, to } = match;
    candidates.lastIndex = to;
    if (
      token.singleWord &&
      (wordBefore.test(text.slice(Math.max(0, found.index - 2), found.index)) || wordAfter.test(text.slice(to, to + 2)))
    )
      continue;
    const from = token.lstrip ? Math.max(end, blanksBefore(text, found.index)) : found.index;
    const stop = token.rstrip ? blanksAfter(text, to) : to;
    if (end < from) sections.push({ from: end, text: text.slice(end, from) });
    sections.push({ from, text: text.slice(from, stop), id: token.id });
    end = stop;
  }
  if (end < text.length) sections.push({ from: end, text: text.slice(end) });
  return sections;
}

function longestAt(
  text: string,
  at: number,
  root: Node,
): { readonly token: AddedToken; readonly to: number } | undefined {
  let node: Node | undefined = root;
  let match: { token: AddedToken; to: number } | undefined;
  for (let i = at; i < text.length; i++) {
    node = node.next.get(text[i] as string);
    if (node === undefined) return match;
    if (node.token !== undefined) match = { token: node.token, to: i + 1 };
  }
  return match;
}

const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const wordAfter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const blank = /\p{White_Space}/u;

function blanksBefore(text: string, at: number): number {
  let from = at;
  while (from > 0 && blank.test(text[from - 1] as string)) from--;
  return from;
}

function blanksAfter(text: string, at: number): number {
  let to = at;
  while (to < text.length && blank.test(text[to] as string)) to++;
  return to;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
