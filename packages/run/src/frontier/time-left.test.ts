import { expect, it } from 'vitest';
import { secondsFor } from './time-left.js';

const pastWork = [
  { kind: 'a', units: 10, seconds: 20 },
  { kind: 'b', units: 30, seconds: 20 },
];

it('work takes as long to a unit as work of the same kind took', () => {
  expect(secondsFor([{ kind: 'a', units: 5 }], pastWork)).toBe(10);
});

it('work of a new kind takes as long to a unit as all work together took', () => {
  // 40 units in 40 s: 7 s for c. 3 units of b at 20 s to 30 units: 2 s.
  const rest = [
    { kind: 'c', units: 7 },
    { kind: 'b', units: 3 },
  ];
  expect(secondsFor(rest, pastWork)).toBe(9);
});

it('nothing is said before any work is finished', () => {
  expect(secondsFor([{ kind: 'a', units: 5 }], [])).toBeUndefined();
});
