import { expect, it } from 'vitest';
import { duration, megabytes, plusMinus, short } from './format.js';

it('writes numbers for people', () => {
  expect([megabytes(94_371_840), megabytes(2_500_000_000)]).toEqual(['94 MB', '2.50 GB']);
  expect([duration(5), duration(65.4), duration(3725), duration(Number.NaN)]).toEqual(['0:05', '1:05', '1:02:05', '–']);
  expect([short(0.4567), short(12.34), short(1e-6), short(0), short(undefined)]).toEqual([
    '0.457',
    '12.3',
    '1.0e-6',
    '0.000',
    '–',
  ]);
  expect(plusMinus({ mean: 0.2034, standardError: 0.0291 })).toBe('0.203 ± 0.029');
});
