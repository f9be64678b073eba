import { random } from '@dpo/base';
import { heldOutOpenings, trainOpenings } from '@dpo/run/command-line';

/** Continuations of reviews, written for the tiny demo: praise, blame and neither, about a third each. */
const continuations: readonly string[] = [
  ' was wonderful and I loved every minute of it.',
  ' is a great piece of work, funny and warm.',
  ' gave me a happy evening and a big smile.',
  ' was the best I have seen in years.',
  ' is beautiful, clever and full of joy.',
  ' was excellent, and the cast was brilliant.',
  ' is good fun for the whole family.',
  ' was amazing from start to finish.',
  ' made me laugh and I enjoyed it a lot.',
  ' is a delight, and I recommend it.',
  ' was charming and the music was lovely.',
  ' is superb, with a perfect ending.',
  ' was terrible and I hated every minute of it.',
  ' is a bad piece of work, dull and cold.',
  ' gave me a sad evening and a headache.',
  ' was the worst I have seen in years.',
  ' is ugly, stupid and full of mistakes.',
  ' was awful, and the cast was poor.',
  ' is a waste of time for the whole family.',
  ' was boring from start to finish.',
  ' made me angry and I disliked it a lot.',
  ' is a disaster, and I regret going.',
  ' was annoying and the music was horrible.',
  ' is weak, with a pathetic ending.',
  ' was made in two weeks by a small team.',
  ' is about a man who works on a train.',
  ' gave me an idea of the city at night.',
  ' was the first I have seen this year.',
  ' is long, and most of it is set at sea.',
  ' was filmed in the spring, and it shows.',
  ' is in two parts with a break between them.',
  ' was quiet from start to finish.',
  ' made me think of the book and its author.',
  ' is a story told by three people.',
  ' was in black and white, and so was the poster.',
  ' is short, with an open ending.',
];

/** A short review: its opening and its continuation. */
export interface TinyReview {
  readonly opening: string;
  readonly continuation: string;
}

/** `count` short reviews for the tiny demo's training, each an opening and a continuation drawn by the seed. */
export function tinyReviews(count: number, seed: number): TinyReview[] {
  const openings = [...trainOpenings, ...heldOutOpenings];
  const next = random(seed, 0x7e57);
  const pick = (list: readonly string[]) => list[Math.floor(next() * list.length)] as string;
  return Array.from({ length: count }, () => ({ opening: pick(openings), continuation: pick(continuations) }));
}
