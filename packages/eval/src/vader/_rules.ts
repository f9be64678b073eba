/*
 * VADER's rules as of the Python package vaderSentiment 3.3.2, rewritten. That package carries this notice:
 *
 * The MIT License (MIT). Copyright (c) 2016 C.J. Hutto
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
 * documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
 * rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to
 * permit persons to whom the Software is furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
 * Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
 * WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
 * COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
 * OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
 */

import { valenceOf } from './_lexicon.js';
import { isUpper } from './_words.js';

const emphasis = 0.733;
const negation = -0.74;

const strengthen =
  'absolutely amazingly awfully completely considerable considerably decidedly deeply effing enormous enormously ' +
  'entirely especially exceptional exceptionally extreme extremely fabulously flipping flippin frackin fracking ' +
  'fricking frickin frigging friggin fully fuckin fucking fuggin fugging greatly hella highly hugely incredible ' +
  'incredibly intensely major majorly more most particularly purely quite really remarkably so substantially ' +
  'thoroughly total totally tremendous tremendously uber unbelievably unusually utter utterly very';
const weaken =
  'almost|barely|hardly|just enough|kind of|kinda|kindof|kind-of|less|little|marginal|marginally|occasional|' +
  'occasionally|partly|scarce|scarcely|slight|slightly|somewhat|sort of|sorta|sortof|sort-of';
const boosters: ReadonlyMap<string, number> = new Map([
  ...strengthen.split(' ').map((word): [string, number] => [word, 0.293]),
  ...weaken.split('|').map((word): [string, number] => [word, -0.293]),
]);

// Every word with "n't" negates, and is not listed.
const negations: ReadonlySet<string> = new Set(
  (
    'aint arent cannot cant couldnt darent didnt doesnt dont hadnt hasnt havent isnt mightnt mustnt neither neednt ' +
    'never none nope nor not nothing nowhere oughtnt shant shouldnt uhuh wasnt werent uh-uh without wont wouldnt ' +
    'rarely seldom despite'
  ).split(' '),
);

const phrases: ReadonlyMap<string, number> = new Map([
  ['the shit', 3],
  ['the bomb', 3],
  ['bad ass', 1.5],
  ['badass', 1.5],
  ['bus stop', 0],
  ['yeah right', -2],
  ['kiss of death', -1.5],
  ['to die for', 3],
  ['beating heart', 3.5],
]);

/** The words' valences after all rules but the rules on punctuation. */
export function valences(words: readonly string[]): number[] {
  const lower = words.map((word) => word.toLowerCase());
  const capitals = words.filter(isUpper).length;
  const text: Words = { words, lower, mixedCase: capitals > 0 && capitals < words.length };
  const values = lower.map((word, i) => {
    if (boosters.has(word) || (word === 'kind' && lower[i + 1] === 'of')) return 0;
    const valence = valenceOf(word);
    return valence === undefined ? 0 : wordValence(text, i, valence);
  });
  return afterBut(lower, values);
}

interface Words {
  readonly words: readonly string[];
  readonly lower: readonly string[];
  /** Whether some words, and not all, are in capitals. */
  readonly mixedCase: boolean;
}

function wordValence(text: Words, i: number, own: number): number {
  const { words, lower } = text;
  const at = (offset: number): string => lower[i + offset] ?? '';
  const inLexicon = (offset: number): boolean => valenceOf(at(offset)) !== undefined;
  let valence = own;
  // "no" before a word of the lexicon negates that word, and has no valence of its own.
  if (at(0) === 'no' && inLexicon(1)) valence = 0;
  if (at(-1) === 'no' || at(-2) === 'no' || (at(-3) === 'no' && (at(-1) === 'or' || at(-1) === 'nor')))
    valence = own * negation;
  if (text.mixedCase && isUpper(words[i] ?? '')) valence += valence > 0 ? emphasis : -emphasis;

  for (let distance = 1; distance <= 3 && distance <= i; distance++) {
    if (inLexicon(-distance)) continue;
    valence += boost(text, i - distance, valence) * (distance === 1 ? 1 : distance === 2 ? 0.95 : 0.9);
    valence = negate(at, distance, valence);
    if (distance === 3) valence = phraseValence(at, i + 1 < lower.length, i + 2 < lower.length, valence);
  }

  if (at(-1) === 'least' && !inLexicon(-1) && at(-2) !== 'at' && at(-2) !== 'very') valence *= negation;
  return valence;
}

function boost({ words, lower, mixedCase }: Words, i: number, valence: number): number {
  const booster = boosters.get(lower[i] ?? '');
  if (booster === undefined) return 0;
  const signed = valence < 0 ? -booster : booster;
  if (!mixedCase || !isUpper(words[i] ?? '')) return signed;
  return signed + (valence > 0 ? emphasis : -emphasis);
}

function negate(at: (offset: number) => string, distance: number, valence: number): number {
  const soOrThis = (offset: number): boolean => at(offset) === 'so' || at(offset) === 'this';
  if (distance === 2) {
    if (at(-2) === 'never' && soOrThis(-1)) return valence * 1.25;
    if (at(-2) === 'without' && at(-1) === 'doubt') return valence;
  }
  if (distance === 3) {
    if ((at(-3) === 'never' && soOrThis(-2)) || soOrThis(-1)) return valence * 1.25;
    if (at(-3) === 'without' && (at(-2) === 'doubt' || at(-1) === 'doubt')) return valence;
  }
  const word = at(-distance);
  return negations.has(word) || word.includes("n't") ? valence * negation : valence;
}

function phraseValence(at: (offset: number) => string, hasNext: boolean, hasTwo: boolean, before: number): number {
  const words = (from: number, to: number): string =>
    Array.from({ length: to - from + 1 }, (_, k) => at(from + k)).join(' ');
  let valence = before;
  const behind = [words(-1, 0), words(-2, 0), words(-2, -1), words(-3, -1), words(-3, -2)];
  valence = phrases.get(behind.find((phrase) => phrases.has(phrase)) ?? '') ?? valence;
  if (hasNext) valence = phrases.get(words(0, 1)) ?? valence;
  if (hasTwo) valence = phrases.get(words(0, 2)) ?? valence;
  for (const phrase of [words(-3, -1), words(-3, -2), words(-2, -1)]) valence += boosters.get(phrase) ?? 0;
  return valence;
}

/** Words before the first "but" count half, words after it one and a half times. */
function afterBut(lower: readonly string[], values: number[]): number[] {
  const but = lower.indexOf('but');
  if (but === -1) return values;
  // As in the Python code, the first of equal values is changed.
  for (const i of values.keys()) {
    const value = values[i] ?? 0;
    const place = values.indexOf(value);
    if (place !== but) values[place] = value * (place < but ? 0.5 : 1.5);
  }
  return values;
}
