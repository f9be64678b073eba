import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { permutation } from '../random.js';
import { batches } from './batches.js';

describe('batches', () => {
  it('deals rows in file order, and begins again after the last row', () => {
    const deal = batches(5, { batchSize: 3 });
    expect([1, 2, 3, 4].map((step) => [...deal.rows(step)])).toEqual([
      [0, 1, 2],
      [3, 4, 0],
      [1, 2, 3],
      [4, 0, 1],
    ]);
    expect(deal.stepsPerEpoch).toBe(2);
    expect(deal.epoch(5)).toBe(3);
  });

  it('follows the permutation of each epoch', () => {
    const deal = batches(4, { batchSize: 4, shuffle: true, seed: 9 });
    expect(deal.rows(1)).toEqual(permutation(4, 9, 0));
    expect(deal.rows(3)).toEqual(permutation(4, 9, 2));
  });

  it('takes each row once an epoch, and the same rows when resumed at any step', () => {
    const cases = fc.record({
      count: fc.integer({ min: 1, max: 60 }),
      batchSize: fc.integer({ min: 1, max: 70 }),
      seed: fc.integer(),
      shuffle: fc.boolean(),
      resumeAt: fc.integer({ min: 1, max: 12 }),
    });
    fc.assert(
      fc.property(cases, ({ count, resumeAt, ...options }) => {
        const steps = 12;
        const whole = batches(count, options);
        const rowsOfSteps = Array.from({ length: steps }, (_, i) => [...whole.rows(i + 1)]);
        const resumed = batches(count, options);
        for (let step = resumeAt; step <= steps; step++) expect([...resumed.rows(step)]).toEqual(rowsOfSteps[step - 1]);
        const stream = rowsOfSteps.flat();
        for (let from = 0; from + count <= stream.length; from += count) {
          const epoch = stream.slice(from, from + count);
          expect(new Set(epoch).size).toBe(count);
        }
        if (!options.shuffle) expect(stream).toEqual(stream.map((_, i) => i % count));
      }),
      { numRuns: 100 },
    );
  });

  it('deals each batch out to the workers, each row to one worker', () => {
    const cases = fc.record({
      count: fc.integer({ min: 1, max: 60 }),
      of: fc.integer({ min: 1, max: 5 }),
      each: fc.integer({ min: 1, max: 8 }),
      seed: fc.integer(),
      step: fc.integer({ min: 1, max: 12 }),
    });
    fc.assert(
      fc.property(cases, ({ count, of, each, seed, step }) => {
        const options = { batchSize: of * each, shuffle: true, seed };
        const parts = Array.from({ length: of }, (_, index) => [
          ...batches(count, { ...options, worker: { index, of } }).rows(step),
        ]);
        const together = Array.from({ length: of * each }, (_, i) => parts[i % of]?.[Math.floor(i / of)]);
        expect(together).toEqual([...batches(count, options).rows(step)]);
      }),
      { numRuns: 100 },
    );
    for (const worker of [
      { index: 2, of: 2 },
      { index: 0, of: 3 },
      { index: -1, of: 2 },
      { index: 0, of: 0 },
    ])
      expect(() => batches(9, { batchSize: 4, worker })).toThrow(expect.objectContaining({ code: 'options.invalid' }));
  });

  it('refuses an empty dataset, wrong batch sizes and wrong steps', () => {
    expect(() => batches(0, { batchSize: 1 })).toThrow(/no rows/);
    expect(() => batches(3, { batchSize: 0 })).toThrow(/positive integer/);
    expect(() => batches(3, { batchSize: 1 }).rows(0)).toThrow(/counted from 1/);
  });
});
