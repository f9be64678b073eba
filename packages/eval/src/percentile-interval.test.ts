import { expect, it } from 'vitest';
import { percentileInterval } from './percentile-interval.js';

it('holds the middle share of the draws, in whatever order these come', () => {
  // 40 draws, 39 to 0: the places floor(0.025 · 40) = 1 and floor(0.975 · 40) = 39 of the sorted ones.
  const draws = Array.from({ length: 40 }, (_, i) => 39 - i);
  expect(percentileInterval(draws)).toEqual({ low: 1, high: 39 });
  // floor(0.25 · 40) = 10 and floor(0.75 · 40) = 30.
  expect(percentileInterval(draws, 0.5)).toEqual({ low: 10, high: 30 });
  expect(draws[0]).toBe(39);
});
