import { isObject } from '@dpo/base';

/** A token that is cut out of a text before words are, and how. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Whether the token counts only with no letter, digit or underscore beside it. */
  readonly singleWord: boolean;
  /** Whether the blanks before the token belong to it. */
  readonly lstrip: boolean;
  /** Whether the blanks after the token belong to it. */
  readonly rstrip: boolean;
  /** Whether the token is looked up in the normalised text, and so in its normalised spelling. */
  readonly normalized: boolean;
  /** Whether the token is no text. */
  readonly special: boolean;
}

/** A part of a text: a token with its id, or the text between two tokens. */
export interface Section {
  /** The place of its first character in the text. */
  readonly from: number;
  readonly text: string;
  readonly id?: number;
}

/** An added token, from an entry of `added_tokens` in tokenizer.json, or from an entry of `added_tokens_decoder` with its id. */
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
 * A function that cuts tokens out of texts. At each place the longest token that begins there counts, as in `added_vocabulary.rs` of
 * Hugging Face's tokenizers.
 *
 * @param tokens the tokens with their spellings
 */
export function tokenFinder(
  tokens: readonly (readonly [spelling: string, token: AddedToken])[],
): (text: string) => Section[] {
  const root: Node = { next: new Map() };
  for (const [spelling, token] of tokens) {
    let node = root;
    for (const unit of spelling.split('')) {
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
  for (let candidate = candidates.exec(text); candidate !== null; candidate = candidates.exec(text)) {
    const at = candidate.index;
    const match = longestAt(text, at, root);
    if (match === undefined) continue;
    const { token, to } = match;
    candidates.lastIndex = to;
    if (
      token.singleWord &&
      (wordBefore.test(text.slice(Math.max(0, at - 2), at)) || wordAfter.test(text.slice(to, to + 2)))
    )
      continue;
    const from = token.lstrip ? Math.max(end, blanksBefore(text, at)) : at;
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
