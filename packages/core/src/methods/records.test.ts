import { expect, it } from 'vitest';
import { pairRecords } from './records.js';

const metrics = (margins: readonly number[], lengths: readonly (readonly [number, number])[]) =>
  pairRecords({
    'rewards/chosen': margins,
    'rewards/rejected': margins.map(() => 0),
    length_difference: lengths.map(([chosen, rejected]) => chosen - rejected),
  });

it('has the correlation of margins with lengths', () => {
  // Differences of lengths 2, 0, −2, whose mean is 0. Margins 3, 1, 2 less their mean: 1, −1, 0.
  const lengths = [
    [4, 2],
    [3, 3],
    [1, 3],
  ] as const;
  // (2·1 + 0·−1 + −2·0) / √(8 · 2) = 2 / 4
  expect(metrics([3, 1, 2], lengths)['rewards/length_correlation']).toBeCloseTo(0.5, 12);
  expect(metrics([2, 1, 0], lengths)['rewards/length_correlation']).toBeCloseTo(1, 12);
  expect(metrics([0, 1, 2], lengths)['rewards/length_correlation']).toBeCloseTo(-1, 12);
});

it('has no correlation for fewer than three pairs, nor when lengths or margins do not vary', () => {
  const silent = [
    metrics(
      [1, 2],
      [
        [2, 1],
        [1, 2],
      ],
    ),
    metrics(
      [1, 2, 3],
      [
        [2, 1],
        [3, 2],
        [4, 3],
      ],
    ),
    metrics(
      [1, 1, 1],
      [
        [2, 1],
        [1, 2],
        [3, 1],
      ],
    ),
  ];
  for (const each of silent) expect(each).not.toHaveProperty('rewards/length_correlation');
});
