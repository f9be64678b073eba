import { isObject } from '@dpo/base';
import { bytesAsCharacters } from './characters.js';
import { type Behaviour, behaviourOf, compilePattern, cutsOf, type Pattern, stretches } from './pattern.js';
import { cutPiece, type Piece } from './piece.js';

/** Cuts pieces of a text into smaller ones: words, before the vocabulary cuts these into tokens. */
export type PreTokenizer = (pieces: readonly Piece[]) => Piece[];

type Part = Readonly<Record<string, unknown>>;
type Make = (part: Part, patterns: Pattern[]) => PreTokenizer;

const punctuation = /[\p{P}!-/:-@[-`{-~]/gu;
/** What a word is to Rust's regular expressions, which some parts use. */
const words =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;
const blanks = /\p{White_Space}/gu;
const gpt2 = compilePattern({
  Regex: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
});

/** `pre_tokenizer` parts of tokenizer.json by type, each as Hugging Face's tokenizers execute it (`pre_tokenizers/*.rs`). */
const makers: Readonly<Record<string, Make>> = {
  BertPreTokenizer: () => (pieces) => cutAll(cutAll(pieces, blanks, 'removed'), punctuation, 'isolated'),
  ByteLevel: (part) => (pieces) => {
    const prefixed = part.add_prefix_space === true ? pieces.map((piece) => prefix(piece, ' ', ' ')) : pieces;
    const cut = part.use_regex === false ? prefixed : cutAll(prefixed, gpt2.regex, 'isolated');
    return cut.map(({ text, at }) => ({ text: bytesAsCharacters(text), at }));
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
    return (pieces) => each.reduce<Piece[]>((sofar, cut) => cut(sofar), [...pieces]);
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
 * The `pre_tokenizer` of a tokenizer.json; what cuts nothing where it has none.
 *
 * @param patterns gets the patterns that it executes
 * @throws TypeError for a type that is not known
 */
export function preTokenizerOf(part: unknown, patterns: Pattern[]): PreTokenizer {
  if (part === null || part === undefined) return (pieces) => [...pieces];
  const type = isObject(part) ? String(part.type) : '';
  const make = Object.hasOwn(makers, type) ? makers[type] : undefined;
  if (make === undefined || !isObject(part))
    throw new TypeError(`the pre-tokenizer ${JSON.stringify(part)} is not known`);
  return make(part, patterns);
}

/** SentencePiece's spaces: each becomes `▁`, and one is put before every piece, or before the text, or nowhere. */
function metaspace(part: Part): PreTokenizer {
  const space = typeof part.replacement === 'string' ? part.replacement : '\u2581';
  const scheme = part.prepend_scheme ?? 'always';
  const { regex } = compilePattern({ String: space });
  return (pieces) => {
    const spaced = pieces.map(({ text, at }) => {
      const piece = { text: text.replaceAll(' ', space), at };
      return scheme === 'always' || (scheme === 'first' && at === 'start') ? prefix(piece, space, space) : piece;
    });
    return part.split === false ? spaced : cutAll(spaced, regex, 'mergedwithnext');
  };
}

/** Puts something before a piece that does not begin with it, unless the piece goes on from another text. */
function prefix(piece: Piece, added: string, space: string): Piece {
  if (piece.at === 'continuing' || piece.text.startsWith(space)) return piece;
  return { text: added + piece.text, at: piece.at };
}

function cutAll(pieces: readonly Piece[], regex: RegExp, behaviour: Behaviour, invert = false): Piece[] {
  return pieces.flatMap((piece) => cutPiece(piece, cutsOf(stretches(piece.text, regex, invert), behaviour)));
}
