import { expect, it } from 'vitest';
import type { ChatReply } from './chat-reply.js';
import { labelProbabilities } from './label-probabilities.js';

/** A reply whose k-th token has these likely tokens. */
function replyOf(...places: readonly Readonly<Record<string, number>>[]): ChatReply {
  const logprobs = places.map((place) => {
    const top = Object.entries(place).map(([token, p]) => ({ token, logprob: Math.log(p) }));
    return { token: top[0]?.token ?? '', top };
  });
  const none = { finish: undefined, refusal: undefined, model: undefined };
  return { ...none, text: '', promptTokens: undefined, completionTokens: undefined, logprobs };
}
const probabilities = (...places: readonly Readonly<Record<string, number>>[]) =>
  labelProbabilities(replyOf(...places), ['A', 'B'])?.map((p) => Number(p.toFixed(6)));

it('sums over the tokens that are a label but for blanks, quotes and case', () => {
  expect(probabilities({ A: 0.5, ' a': 0.2, '"B': 0.1, AB: 0.1 })).toEqual([0.7, 0.1]);
});

it('reads the place where a label is said, not one before where a label might have been', () => {
  expect(probabilities({ '**': 0.93, A: 0.06 }, { B: 0.9, A: 0.05 })).toEqual([0.05, 0.9]);
  expect(probabilities({ The: 0.9, A: 0.01 }, { B: 0.2, ' is': 0.7 }, { A: 0.1 })).toEqual([0, 0.2]);
  expect(probabilities({ A: 0.6 }, { B: 1 })).toEqual([0.6, 0]);
});

it('has nothing where no place has a label', () => {
  expect(probabilities({ The: 0.9 })).toBeUndefined();
  expect(labelProbabilities({ ...replyOf(), logprobs: undefined }, ['A', 'B'])).toBeUndefined();
});
