import { expect, it } from 'vitest';
import { perWindow } from './packed-attention.js';

it('layers with the same reach share what is made for them; a window as long as the row is none', () => {
  const made: (number | undefined)[] = [];
  const reachOf = perWindow(8, (window) => {
    made.push(window);
    return { window };
  });
  expect([4, undefined, 7, 8, 4096, 4].map((window) => reachOf(window).window)).toEqual([
    4,
    undefined,
    7,
    undefined,
    undefined,
    4,
  ]);
  expect(made).toEqual([4, undefined, 7]);
  expect(reachOf(8)).toBe(reachOf(undefined));
});
