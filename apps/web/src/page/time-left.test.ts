import { expect, it } from 'vitest';
import { durationText, stopwatch } from './time-left.js';

it('estimates by the median of the steps', () => {
  const watch = stopwatch();
  expect(watch.left(10)).toBeUndefined();
  watch.tick(1000);
  expect(watch.left(10)).toBeUndefined();
  for (const now of [1200, 1400, 9400, 9600]) watch.tick(now); // one step took eight seconds
  expect(watch.left(10)).toBeCloseTo(2);
});

it.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [125, '2 min 5 s'],
  [4830, '1 h 20 min'],
])('writes %d seconds as %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
