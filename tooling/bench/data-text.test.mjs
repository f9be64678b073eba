import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lengthsOf, plainFill, writePairs } from './data-text.mjs';
import { median } from './measure.mjs';

it('makes lengths as in HH, the same each time', () => {
  const lengths = lengthsOf(4000);
  expect(lengths).toEqual(lengthsOf(4000));
  expect(Math.abs(median(lengths.map(({ prompt }) => prompt)) - 110)).toBeLessThan(6);
  expect(Math.abs(median(lengths.map(({ rejected }) => rejected)) - 45)).toBeLessThan(3);
});

it('writes rows with texts of these lengths', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dpo-bench-'));
  try {
    await writePairs(join(folder, 'a.jsonl'), 50);
    const rows = (await readFile(join(folder, 'a.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(50);
    const [row] = rows;
    expect(Object.keys(row)).toEqual(['prompt', 'chosen', 'rejected']);
    const words = row.chosen.trim().split(/\s+/).length;
    expect(Math.abs(words - 0.6 * lengthsOf(1)[0].chosen)).toBeLessThanOrEqual(1);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('counts the padding of plain batches, by hand', () => {
  const batch = [
    { prompt: 4, chosen: 6, rejected: 2 },
    { prompt: 1, chosen: 1, rejected: 1 },
  ];
  expect(plainFill([batch])).toBeCloseTo((10 + 6 + 2 + 2) / 40, 12);
  expect(plainFill([batch, [batch[1]]])).toBeCloseTo((20 + 4) / (40 + 4), 12);
});
