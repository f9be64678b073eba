import { isObject } from '@dpo/base';
import * as parts from '@huggingface/tokenizers';
import { endsSoon } from './ends-soon.js';

/** A `pattern` of tokenizer.json: a regular expression in Oniguruma's dialect, or a text. */
export interface Pattern {
  readonly regex: RegExp;
  /** Whether matching surely takes time in proportion to the text. */
  readonly endsSoon: boolean;
}

/** A stretch of a text, and whether the pattern matches it. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly match: boolean;
}

/** What happens to the matches that a text is cut at. */
export type Behaviour = 'removed' | 'isolated' | 'contiguous' | 'mergedwithprevious' | 'mergedwithnext';

/**
 * The library's translator of patterns. TypeScript does not see this export, because import specifiers in the library's declarations
 * have no endings.
 */
const { SplitPreTokenizer } = parts as unknown as {
  readonly SplitPreTokenizer: new (config: Readonly<Record<string, unknown>>) => { readonly pattern: RegExp | null };
};

const behaviours: readonly string[] = ['removed', 'isolated', 'contiguous', 'mergedwithprevious', 'mergedwithnext'];

/**
 * Compiles a `pattern` of tokenizer.json. `@huggingface/tokenizers` translates the dialect.
 *
 * @throws {TypeError} for an invalid pattern.
 * @throws {SyntaxError} for a pattern that JavaScript cannot express.
 */
export function compilePattern(pattern: unknown): Pattern {
  if (!isObject(pattern)) throw new TypeError(`the pattern ${JSON.stringify(pattern)} is none`);
  const { Regex: source, String: text } = pattern;
  const config = typeof source === 'string' ? { Regex: source } : { String: String(text) };
  const { pattern: regex } = new SplitPreTokenizer({
    type: 'Split',
    pattern: config,
    behavior: 'Isolated',
    invert: true,
  });
  if (regex === null) throw new TypeError(`the pattern ${JSON.stringify(pattern)} is none`);
  return { regex, endsSoon: typeof source === 'string' ? endsSoon(source) : true };
}

/**
 * The `behavior` of a part of tokenizer.json. Files spell it as one word or with capitals.
 *
 * @throws {TypeError} for an unknown behaviour.
 */
export function behaviourOf(value: unknown): Behaviour {
  const name = String(value).toLowerCase().replaceAll('_', '');
  if (!behaviours.includes(name)) throw new TypeError(`the behavior ${JSON.stringify(value)} is none`);
  return name as Behaviour;
}

/** A text cut into the matches of a pattern and the stretches between, in order. */
export function stretches(text: string, regex: RegExp, invert = false): Stretch[] {
  const result: Stretch[] = [];
  let end = 0;
  for (const {
    index,
    0: { length },
  } of text.matchAll(regex)) {
    if (index > end) result.push({ from: end, to: index, match: invert });
    result.push({ from: index, to: index + length, match: !invert });
    end = index + length;
  }
  if (end < text.length) result.push({ from: end, to: text.length, match: invert });
  return result;
}

/** The beginnings and ends of a text's pieces: `SplitDelimiterBehavior` of Hugging Face's tokenizers, `normalizer.rs`. */
export function cutsOf(ofText: readonly Stretch[], behaviour: Behaviour): (readonly [number, number])[] {
  if (behaviour === 'removed') return ofText.flatMap(({ from, to, match }) => (match ? [] : [[from, to] as const]));
  if (behaviour === 'isolated') return ofText.map(({ from, to }) => [from, to]);
  const backwards = behaviour === 'mergedwithnext';
  const cuts: [number, number][] = [];
  let before = false;
  for (const { from, to, match } of backwards ? ofText.toReversed() : ofText) {
    const last = cuts.at(-1);
    const merge = behaviour === 'contiguous' ? match === before : match && !before;
    if (last === undefined || !merge) cuts.push([from, to]);
    else if (backwards) last[0] = from;
    else last[1] = to;
    before = match;
  }
  return backwards ? cuts.reverse() : cuts;
}
