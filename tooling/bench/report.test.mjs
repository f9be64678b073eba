import { expect, it } from 'vitest';
import { median } from './measure.mjs';
import { summarise, table } from './report.mjs';

const round = (stepSeconds, gigabytes, more = {}) => ({ stepSeconds, peakRssBytes: gigabytes * 1e9, ...more });
const results = {
  work: { name: 'w', title: 'a work', batch: 2 },
  trl: [round([4, 4, 9], 6), round([4, 4, 4], 5)],
  ours: [round([1, 1, 1], 3, { firstStepSeconds: 7 }), round([1, 2, 1], 2, { firstStepSeconds: 9 })],
};

it('takes the median', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it('compares medians of speed and peaks of memory', () => {
  const { trl, ours, speed, memory } = summarise(results);
  expect(trl).toEqual({ pairsPerSecond: 0.5, peakRssBytes: 6e9 }); // 2 pairs in 4 s
  expect(ours).toEqual({ pairsPerSecond: 2, peakRssBytes: 3e9, firstStepSeconds: 8 });
  expect([speed, memory]).toEqual([4, 0.5]);
});

it('writes a row to a work', () => {
  expect(
    table([summarise(results)])
      .split('\n')
      .at(-1),
  ).toBe('| a work | 0.500 | 2.000 | 4.0× | 6.0 | 3.0 | 0.50× | 8.0 |');
});
