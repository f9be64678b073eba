import { isObject } from '@dpo/base';
import { type AddedToken, type Section, tokenFinder } from './added-tokens.js';
import { normalizerOf } from './normalizer.js';
import type { Pattern } from './pattern.js';
import type { Piece } from './piece.js';
import { preTokenizerOf } from './pre-tokenizer.js';
import { limitTime } from './time-limit.js';

/** A word that the vocabulary cuts into tokens, or the id of a token that stands in the text. */
export type Item = string | number;

/** Cuts texts into words, as a tokenizer.json says. */
export interface TextCutter {
  /**
   * The words of a text, and the tokens that stand in it, in order.
   *
   * @param at where the text begins: nothing is put before a text that goes on from another one, or taken from there
   * @throws DpoError `tokenizer.endless-pattern`
   */
  cut(text: string, at?: Piece['at']): Item[];
  /**
   * Where the last token begins that is found before anything is rewritten; 0 where there is none. From there on a text is
   * cut in the same way whatever stands before, as text inside of another.
   */
  tailOf(text: string): number;
  /** Whether the patterns are known to end soon. */
  readonly endsSoon: boolean;
}

/**
 * Cuts as Hugging Face's tokenizers do (`added_vocabulary.rs`, `extract_and_normalize`): added tokens are found in the text,
 * what lies between is normalised, the other added tokens are found in that, and what lies between is cut into words.
 *
 * @throws TypeError, SyntaxError for parts that cannot be executed
 */
export function textCutter(json: Readonly<Record<string, unknown>>, tokens: readonly AddedToken[]): TextCutter {
  const patterns: Pattern[] = [];
  const normalize = normalizerOf(json.normalizer, patterns);
  const cutWords = preTokenizerOf(json.pre_tokenizer, patterns);
  const find = tokenFinder(tokens.flatMap((token) => (token.normalized ? [] : [[token.content, token] as const])));
  const findNormalized = tokenFinder(
    tokens.flatMap((token) => (token.normalized ? [[normalize(token.content, false), token] as const] : [])),
  );
  const between = ({ from, text }: Section, begins: Piece['at']): Item[] => {
    const at = from > 0 ? 'inside' : begins;
    return findNormalized(normalize(text, at === 'continuing')).flatMap((section): Item[] => {
      if (section.id !== undefined) return [section.id];
      const piece: Piece = { text: section.text, at: section.from > 0 ? 'inside' : at };
      return cutWords([piece]).map((word) => word.text);
    });
  };
  const cutNow = (text: string, at: Piece['at']): Item[] =>
    find(text).flatMap((section) => (section.id === undefined ? between(section, at) : [section.id]));
  const endless = patterns.filter((pattern) => !pattern.endsSoon);
  const sources = endless.map(({ regex }) => regex.source);
  return {
    cut: (text, at = 'start') =>
      endless.length === 0 ? cutNow(text, at) : limitTime(text, sources, () => cutNow(text, at)),
    tailOf: (text) => find(text).findLast(({ id }) => id !== undefined)?.from ?? 0,
    endsSoon: endless.length === 0,
  };
}

/** Whether every text gets something before it, or loses blanks, in a byte-level tokenizer. */
export function changesEnds(json: Readonly<Record<string, unknown>>): boolean {
  const parts = [...partsOf(json.normalizer), ...partsOf(json.pre_tokenizer)];
  if (!parts.some(({ type }) => type === 'ByteLevel')) return false;
  return parts.some(
    ({ type, add_prefix_space }) => type === 'Strip' || (type === 'ByteLevel' && add_prefix_space === true),
  );
}

function partsOf(part: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!isObject(part)) return [];
  const inner = part.normalizers ?? part.pretokenizers;
  return Array.isArray(inner) ? inner.flatMap(partsOf) : [part];
}
