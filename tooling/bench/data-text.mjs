// The data benchmark's input: made-up preference pairs with lengths as in Anthropic's HH, the same on every machine.

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { random } from '@dpo/base';

/** Medians and spreads of log-normal lengths in tokens, at most `most`. */
const LENGTHS = {
  prompt: { median: 110, spread: 0.9, most: 512 },
  chosen: { median: 50, spread: 0.8, most: 256 },
  rejected: { median: 45, spread: 0.85, most: 256 },
};

/** Lengths of `count` pairs in tokens. */
export function lengthsOf(count, seed = 1) {
  const uniform = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const draw = ({ median, spread, most }) =>
    Math.max(4, Math.min(most, Math.round(median * Math.exp(spread * normal()))));
  return Array.from({ length: count }, () => ({
    prompt: draw(LENGTHS.prompt),
    chosen: draw(LENGTHS.chosen),
    rejected: draw(LENGTHS.rejected),
  }));
}

const CONSONANTS = 'b c d f g h k l m n p r s t v w st th ch sh br tr'.split(' ');
const VOWELS = 'a e i o u ea ou ai'.split(' ');

/** Writes texts of so many words, with frequencies as in a language. */
function writer(seed) {
  const uniform = random(seed);
  const pick = (list) => list[Math.floor(uniform() * list.length)];
  const words = Array.from({ length: 8000 }, (_, rank) =>
    Array.from({ length: 1 + Math.floor(Math.log10(rank + 1)) }, () => pick(CONSONANTS) + pick(VOWELS)).join(''),
  );
  return (count) => {
    let text = '';
    for (let i = 0; i < count; i++) {
      // Zipf's law: the rank is log-uniform.
      const word = words[Math.floor(words.length ** uniform()) - 1];
      text += `${i === 0 ? '' : i % 13 === 0 ? '. ' : i % 29 === 0 ? ',\n' : ' '}${word}`;
    }
    return text;
  };
}

/** Words per token, roughly. */
const WORDS = 0.6;

/** Writes `count` pairs as JSON lines. */
export async function writePairs(path, count) {
  const text = writer(2);
  const file = createWriteStream(path);
  for (const { prompt, chosen, rejected } of lengthsOf(count)) {
    const line = JSON.stringify({
      prompt: `\n\nHuman: ${text(prompt * WORDS)}?\n\nAssistant:`,
      chosen: ` ${text(chosen * WORDS)}`,
      rejected: ` ${text(rejected * WORDS)}`,
    });
    if (!file.write(`${line}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}

/**
 * The share of tokens in plain batches, 0 to 1: both sequences of each pair, prompt and answer, padded to the longest of the batch.
 */
export function plainFill(batches) {
  let [tokens, cells] = [0, 0];
  for (const batch of batches) {
    const sequences = batch.flatMap(({ prompt, chosen, rejected }) => [prompt + chosen, prompt + rejected]);
    tokens += sequences.reduce((sum, length) => sum + length, 0);
    cells += sequences.length * Math.max(...sequences);
  }
  return tokens / cells;
}
