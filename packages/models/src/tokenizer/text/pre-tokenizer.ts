import { isObject } from '@dpo/base';
import { bytesAsCharacters } from './characters.js';
import { type Behaviour, behaviourOf, compilePattern, cutsOf, type Pattern, stretches } from './pattern.js';
import { cutPiece, type Piece } from './piece.js';

/** Cuts pieces of a text into words, which the vocabulary then cuts into tokens. */
export type PreTokenizer = (pieces: readonly Piece[]) => Piece[];

type Part = Readonly<Record<string, unknown>>;
type Make = (part: Part, patterns: Pattern[]) => PreTokenizer;

const punctuation = /[\p{P}!-/:-@[-`{-~]/gu;
/** Words as Rust's regular expressions define them, which some parts use. */
const words =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;
const blanks = /\p{White_Space}/gu;
const gpt2 = compilePattern({
  Regex: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
});

/** `pre_tokenizer` parts of tokenizer.json by type, as in Hugging Face's tokenizers (`pre_tokenizers/*.rs`). */
const makers: Readonly<Record<string, Make>> = {
  BertPreTokenizer: () => (pieces) => cutAll(cutAll(pieces, blanks, 'removed'), punctuation, 'isolated'),
  ByteLevel: (part) => (pieces) => {
    const withSpaces = part.add_prefix_space === true ? pieces.map((piece) => prefix(piece, ' ')) : pieces;
    const words = part.use_regex === false ? withSpaces : cutAll(withSpaces, gpt2.regex, 'isolated');
    return words.map(({ text, at }) => ({ text: bytesAsCharacters(text), at }));
  },
  CharDelimiterSplit(part) {
    const { regex } = compilePattern({ String: part.delimiter });
    return (pieces) => cutAll(pieces, regex, 'removed');
  },
  Digits: (part) => (pieces) => cutAll(pieces, /\p{N}/gu, part.individual_digits === true ? 'isolated' : 'contiguous'),
  FixedLength(part) {
    const length = Number(part.length);
    if (!Number.isSafeInteger(length) || length < 1) throw new TypeError(`the length ${part.length} is none`);
    const regex = new RegExp(`[^]{1,${length}}`, 'gu');
    return (pieces) => cutAll(pieces, regex, 'isolated');
  },
  Metaspace: metaspace,
  Punctuation(part) {
    const behaviour = behaviourOf(part.behavior ?? 'isolated');
    return (pieces) => cutAll(pieces, punctuation, behaviour);
  },
  Sequence(part, patterns) {
    const each = (part.pretokenizers as unknown[]).map((inner) => preTokenizerOf(inner, patterns));
    return (pieces) => each.reduce<Piece[]>((result, cut) => cut(result), [...pieces]);
  },
  Split(part, patterns) {
    const pattern = compilePattern(part.pattern);
    patterns.push(pattern);
    const behaviour = behaviourOf(part.behavior);
    return (pieces) => cutAll(pieces, pattern.regex, behaviour, part.invert === true);
  },
  Whitespace: () => (pieces) => cutAll(pieces, words, 'removed', true),
  WhitespaceSplit: () => (pieces) => cutAll(pieces, blanks, 'removed'),
};

/**
 * The `pre_tokenizer` of a tokenizer.json. Without one, nothing is cut.
 *
 * @param patterns gets the patterns that the pre-tokenizer executes
 * @throws {TypeError} for an unknown type.
 */
export function preTokenizerOf(part: unknown, patterns: Pattern[]): PreTokenizer {
  if (part === null || part === undefined) return (pieces) => [...pieces];
  const type = isObject(part) ? String(part.type) : '';
  const make = Object.hasOwn(makers, type) ? makers[type] : undefined;
  if (make === undefined || !isObject(part))
    throw new TypeError(`the pre-tokenizer ${JSON.stringify(part)} is not known`);
  return make(part, patterns);
}

/** SentencePiece's spaces: each becomes `▁`, and a `▁` is put before every piece, or before the text, or nowhere. */
function metaspace(part: Part): PreTokenizer {
  const space = typeof part.replacement === 'string' ? part.replacement : '\u2581';
  const scheme = part.prepend_scheme ?? 'always';
  const { regex } = compilePattern({ String: space });
  return (pieces) => {
    const withSpaces = pieces.map(({ text, at }) => {
      const piece = { text: text.replaceAll(' ', space), at };
      return scheme === 'always' || (scheme === 'first' && at === 'start') ? prefix(piece, space) : piece;
    });
    return part.split === false ? withSpaces : cutAll(withSpaces, regex, 'mergedwithnext');
  };
}

/** A piece with a space before it, unless the piece begins with the space or continues another text. */
function prefix(piece: Piece, space: string): Piece {
  if (piece.at === 'continuing' || piece.text.startsWith(space)) return piece;
  return { text: space + piece.text, at: piece.at };
}

function cutAll(pieces: readonly Piece[], regex: RegExp, behaviour: Behaviour, invert = false): Piece[] {
  return pieces.flatMap((piece) => cutPiece(piece, cutsOf(stretches(piece.text, regex, invert), behaviour)));
}
