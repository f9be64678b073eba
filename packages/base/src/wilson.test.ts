import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wilson } from './wilson.js';

describe('wilson', () => {
  it('gives the intervals of textbook cases', () => {
    const of263 = wilson(81, 263);
    expect(of263.low).toBeCloseTo(0.2553, 4);
    expect(of263.high).toBeCloseTo(0.3662, 4);
    // 10 of 50: 0.1124 to 0.3304 (Brown, Cai and DasGupta's formula by hand).
    const of50 = wilson(10, 50);
    expect(of50.share).toBe(0.2);
    expect(of50.low).toBeCloseTo(0.1124, 4);
    expect(of50.high).toBeCloseTo(0.3304, 4);
  });

  it('ends at 0 and 1, and is the whole interval without observations', () => {
    expect(wilson(0, 10)).toMatchObject({ low: 0, share: 0 });
    expect(wilson(10, 10).high).toBe(1);
    expect(wilson(0, 0)).toEqual({ share: 0.5, low: 0, high: 1 });
  });

  it('stays within [0, 1] around the share, halves included', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), (wins, losses) => {
        fc.pre(wins + losses > 0);
        const { share, low, high } = wilson(wins / 2, (wins + losses) / 2);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(share + 1e-12);
        expect(high).toBeGreaterThanOrEqual(share - 1e-12);
      }),
    );
  });
});
