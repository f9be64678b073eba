import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillRows } from './fill-rows.js';

describe('rows', () => {
  it('are filled by hand as said: longest first, each into the first row with room', () => {
    // 9 opens a row of 10, 6 another, 4 goes to the second, 2 fits in neither and opens a third, 1 goes to the first.
    expect(fillRows([4, 9, 2, 6, 1], [4, 10])).toEqual([
      { length: 10, used: 10, indices: [1, 4] },
      { length: 10, used: 10, indices: [3, 0] },
      { length: 4, used: 2, indices: [2] },
    ]);
  });

  it('of what is longer than all lengths hold it alone', () => {
    expect(fillRows([12, 3], [8])).toEqual([
      { length: 12, used: 12, indices: [0] },
      { length: 8, used: 3, indices: [1] },
    ]);
  });

  it('are those that looking at each row in turn gives', () => {
    const size = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(fc.array(size), fc.array(size, { minLength: 1, maxLength: 3 }), (sizes, lengths) => {
        lengths.sort((a, b) => a - b);
        const rows: { length: number; used: number; indices: number[] }[] = [];
        const order = [...sizes.keys()].sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b);
        for (const g of order) {
          const each = sizes[g] as number;
          let row = rows.find(({ length, used }) => used + each <= length);
          if (row === undefined) {
            row = { length: lengths.find((length) => length >= each) ?? each, used: 0, indices: [] };
            rows.push(row);
          }
          row.used += each;
          row.indices.push(g);
        }
        expect(fillRows(sizes, lengths)).toEqual(rows);
      }),
    );
  });

  it('of 200,000 groups are filled at once', () => {
    // Each pair of rows would be compared twenty billion times: the test would not end in its time.
    const rows = fillRows(
      Array.from({ length: 200_000 }, () => 7),
      [12],
    );
    expect(rows).toHaveLength(200_000);
  });
});
