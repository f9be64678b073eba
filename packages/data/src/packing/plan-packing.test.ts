import { type PromptGroup, random } from '@dpo/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batches } from './batches.js';
import { pack } from './pack.js';
import { planPacking } from './plan-packing.js';

const tokens = (n: number) => Int32Array.from({ length: n }, (_, i) => i + 3);
const group = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 60 }))
  .map(([p, c, r]): PromptGroup => ({ prompt: tokens(p), answers: [tokens(c), tokens(r)] }));
const stepsOf = (rows: readonly PromptGroup[], batchSize: number, steps: number) => {
  const deal = batches(rows.length, { batchSize, shuffle: true, seed: 1 });
  return Array.from({ length: steps }, (_, k) => [...deal.rows(k + 1)].map((row) => rows[row] as PromptGroup));
};

describe('a plan', () => {
  it('divides every step into all of its groups, each once, and packs them as they would be without it', () => {
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 3, maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 100, max: 400 }),
        (rows, batchSize, microBatches, positions) => {
          // The plan knows the first steps alone.
          const run = stepsOf(rows, batchSize, 8);
          const plan = planPacking(run.slice(0, 4), { microBatches, positions, steps: 8 });
          for (const groups of run) {
            const parts = plan.divide(groups);
            expect(parts.flat().sort((a, b) => a - b)).toEqual([...groups.keys()]);
            if (microBatches > 1) expect(parts.length).toBe(Math.min(microBatches, groups.length));
            for (const part of parts) {
              const given = part.map((g) => groups[g] as PromptGroup);
              const packed = plan.pack(given);
              expect([...packed.lengths]).toEqual([...pack(given).lengths]);
              if (microBatches === 1 && packed.rows > 1)
                expect(packed.rows * packed.length).toBeLessThanOrEqual(Math.max(positions, packed.length) * 1.5);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is a function of the groups', () => {
    fc.assert(
      fc.property(fc.array(group, { minLength: 3, maxLength: 20 }), (rows) => {
        const run = stepsOf(rows, 4, 5);
        const [one, two] = [planPacking(run), planPacking(run)];
        expect(one.shapes).toEqual(two.shapes);
        for (const groups of run) expect(one.divide(groups)).toEqual(two.divide(groups));
      }),
      { numRuns: 30 },
    );
  });

  it('has one shape where batches are alike, rows ending with the longest', () => {
    const rows = Array.from({ length: 48 }, (_, i) => ({
      prompt: tokens(8 + (i % 3)),
      answers: [tokens(24), tokens(24)],
    }));
    // The longest takes 10 + 23 + 23 positions.
    expect(planPacking(stepsOf(rows, 8, 6)).shapes).toEqual([{ rows: 8, length: 56, tokens: 384 }]);
  });

  it('fills nine tenths of what it computes on dialogues of very different lengths, in few shapes', () => {
    // Lengths as in Anthropic's HH: medians of 110, 50 and 45 tokens, long tails, cut at 512 and 256.
    const uniform = random(1);
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    const length = (median: number, spread: number, most: number) =>
      Math.max(4, Math.min(most, Math.round(median * Math.exp(spread * normal()))));
    const rows = Array.from({ length: 1600 }, () => ({
      prompt: tokens(length(110, 0.9, 512)),
      answers: [tokens(length(50, 0.8, 256)), tokens(length(45, 0.85, 256))],
    }));
    const run = stepsOf(rows, 32, 50);
    const plan = planPacking(run);
    const packed = run.flatMap((groups) =>
      plan.divide(groups).map((part) => plan.pack(part.map((g) => groups[g] as PromptGroup))),
    );
    const positions = packed.reduce((sum, batch) => sum + batch.rows * batch.length, 0);
    const real = packed.reduce((sum, batch) => sum + batch.fill * batch.rows * batch.length, 0);
    expect(real / positions).toBeGreaterThan(0.9);
    const shapes = new Set(packed.map((batch) => `${batch.rows} x ${batch.length}, ${batch.tokens}`));
    expect(shapes.size).toBeLessThanOrEqual(6);
    expect(plan.shapes.length).toBeLessThanOrEqual(6);
    for (const batch of packed) expect(batch.rows * batch.length).toBeLessThanOrEqual(2048);
  });

  it('gives what is longer than anything planned a shape of its own', () => {
    const plan = planPacking([[{ prompt: tokens(4), answers: [tokens(4), tokens(4)] }]]);
    const long = { prompt: tokens(100), answers: [tokens(50), tokens(60)] };
    expect(plan.divide([long])).toEqual([[0]]);
    expect(plan.pack([long]).lengths).toEqual(Int32Array.of(50, 60));
  });
});
