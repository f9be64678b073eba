import { isObject } from '@dpo/base';
import { type AddedToken, type Section, tokenFinder } from './added-tokens.js';
import { normalizerOf } from './normalizer.js';
import type { Pattern } from './pattern.js';
import type { Piece } from './piece.js';
import { preTokenizerOf } from './pre-tokenizer.js';
import { limitTime } from './time-limit.js';

/** A word that the vocabulary cuts into tokens, or the id of an added token in the text. */
export type Item = string | number;

/** Cuts texts into words by a tokenizer.json. */
export interface TextCutter {
  /**
   * The words and the added tokens of a text, in order.
   *
   * @param at where the text begins. At the beginning of a text that continues another text, nothing is added or removed. Default
   * `start`
   * @throws {DpoError} `tokenizer.endless-pattern`
   */
  cut(text: string, at?: Piece['at']): Item[];
  /**
   * Where the last token begins that is cut out before the text is normalised; 0 when there is none. From this place on, the cuts
   * do not depend on the text before.
   */
  tailOf(text: string): number;
  /** Whether the patterns surely end soon. */
  readonly endsSoon: boolean;
}

/**
 * Cuts texts as Hugging Face's tokenizers do (`added_vocabulary.rs`, `extract_and_normalize`): added tokens are cut out of the text,
 * the stretches between are normalised, the normalised added tokens are cut out of these, and the rest is cut into words.
 *
 * @throws {TypeError | SyntaxError} for parts that cannot be executed.
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

/** Whether a byte-level tokenizer puts a space before every text, or strips blanks from texts. */
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
