import { expect, it } from 'vitest';
import { isBfloat16, toBfloat16, widen } from './floats.js';

it('rounds to bfloat16 into a given array', () => {
  const patterns = new Uint16Array(4).fill(7);
  expect(toBfloat16(Float32Array.of(1, -2.5), patterns)).toBe(patterns);
  expect([...patterns]).toEqual([0x3f80, 0xc020, 7, 7]);
});

it('recognises numbers that are bfloat16', () => {
  const values = Float32Array.of(0, -0, 1, -1.5, 2 ** -133, 3.38953139e38, Number.POSITIVE_INFINITY);
  const back = new Float32Array(values.length);
  widen(new Uint8Array(toBfloat16(values).buffer), 'bfloat16', back, 0);
  expect(back).toEqual(values);
  expect(isBfloat16(values)).toBe(true);
  // One more bit than bfloat16 has.
  expect(isBfloat16(Float32Array.of(...values, 1 + 2 ** -8))).toBe(false);
  expect(isBfloat16(new Float32Array(0))).toBe(true);
});
