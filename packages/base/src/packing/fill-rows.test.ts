import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillRows } from './fill-rows.js';

describe('packed rows', () => {
  it('are filled by hand: the longest size first, each into the first row with room', () => {
    // 9 opens a row of 10, and 6 a second row. 4 goes to the second row, 2 opens a third row, and 1 goes to the first row.
    expect(fillRows([4, 9, 2, 6, 1], [4, 10])).toEqual([
      { length: 10, usedPositions: 10, indices: [1, 4] },
      { length: 10, usedPositions: 10, indices: [3, 0] },
      { length: 4, usedPositions: 2, indices: [2] },
    ]);
  });

  it('have the length of a size that exceeds all lengths', () => {
    expect(fillRows([12, 3], [8])).toEqual([
      { length: 12, usedPositions: 12, indices: [0] },
      { length: 8, usedPositions: 3, indices: [1] },
    ]);
  });

  it('equal the result of looking at each row in turn', () => {
    const size = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(fc.array(size), fc.array(size, { minLength: 1, maxLength: 3 }), (sizes, lengths) => {
        lengths.sort((a, b) => a - b);
        const rows: { length: number; usedPositions: number; indices: number[] }[] = [];
        const order = [...sizes.keys()].sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b);
        for (const g of order) {
          const each = sizes[g] as number;
          let row = rows.find(({ length, usedPositions }) => usedPositions + each <= length);
          if (row === undefined) {
            row = { length: lengths.find((length) => length >= each) ?? each, usedPositions: 0, indices: [] };
            rows.push(row);
          }
          row.usedPositions += each;
          row.indices.push(g);
        }
        expect(fillRows(sizes, lengths)).toEqual(rows);
      }),
    );
  });

  it('of 200,000 groups are filled at once', () => {
    // Looking at each row in turn would take twenty billion comparisons, and the test would not end in its time.
    const rows = fillRows(
      Array.from({ length: 200_000 }, () => 7),
      [12],
    );
    expect(rows).toHaveLength(200_000);
  });
});
