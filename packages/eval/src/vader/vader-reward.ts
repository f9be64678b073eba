import { valences } from './_rules.js';
import { spellEmojis, wordsOf } from './_words.js';

/**
 * The sentiment of a text by VADER: its `compound` score, from −1 (most negative) to 1 (most positive), 0 for a neutral
 * or empty text, rounded to four digits. It equals Python's `vaderSentiment` 3.3.2.
 *
 *     compound = s / √(s² + 15),   s = Σ valence of each word + 0.292 · min(4, exclamation marks) + question marks
 *
 * The valence of a word comes from a lexicon, and is changed by the words before it (degrees, negations), by capitals and by
 * "but".
 *
 * The lexicon comes from the package `vader-sentiment` 1.1.3. The package's rules are older than the Python package's and
 * give other scores for words between punctuation, "no", capitalised negations, emoji and newer degree words (on 38 of
 * the 125 texts written by hand for the parity test), so the rules are written here.
 *
 * Source: Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", 2014.
 */
export function vaderReward(text: string): number {
  const spelt = spellEmojis(text);
  const sum = valences(wordsOf(spelt)).reduce((total, valence) => total + valence, 0);
  const score = sum + Math.sign(sum) * punctuationEmphasis(spelt);
  const compound = score / Math.sqrt(score * score + 15);
  // Adding 0 turns −0 into 0.
  return Number(compound.toFixed(4)) + 0;
}

function punctuationEmphasis(text: string): number {
  const count = (mark: string): number => text.split(mark).length - 1;
  const questions = count('?');
  return Math.min(4, count('!')) * 0.292 + (questions > 3 ? 0.96 : questions > 1 ? questions * 0.18 : 0);
}
