import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { random } from '../random.js';
import type { PromptGroup } from '../vocabulary/examples.js';
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
  it('has every group of a step once, packedBatches as without a plan', () => {
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 3, maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 100, max: 400 }),
        (rows, batchSize, microBatches, positions) => {
          // The plan gets the first steps only.
          const run = stepsOf(rows, batchSize, 8);
          const count = microBatches > 1 ? microBatches : undefined;
          const plan = planPacking(run.slice(0, 4), { microBatches: count, positions, steps: 8 });
          for (const groups of run) {
            const parts = plan.pack(groups);
            expect(parts.flatMap((part) => part.indices).sort((a, b) => a - b)).toEqual([...groups.keys()]);
            if (microBatches > 1) expect(parts.length).toBe(Math.min(microBatches, groups.length));
            for (const { indices, batch } of parts) {
              const part = indices.map((g) => groups[g] as PromptGroup);
              expect([...batch.lengths]).toEqual([...pack(part).lengths]);
              if (microBatches === 1 && batch.packedRows > 1)
                expect(batch.packedRows * batch.length).toBeLessThanOrEqual(Math.max(positions, batch.length) * 1.5);
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
        for (const groups of run) expect(one.pack(groups)).toEqual(two.pack(groups));
      }),
      { numRuns: 30 },
    );
  });

  it('has one shape for similar batches, whose packedBatches rows end with the longest group', () => {
    const rows = Array.from({ length: 48 }, (_, i) => ({
      prompt: tokens(8 + (i % 3)),
      answers: [tokens(24), tokens(24)],
    }));
    // The longest takes 10 + 23 + 23 positions.
    expect(planPacking(stepsOf(rows, 8, 6)).shapes).toEqual([{ packedRows: 8, length: 56, tokens: 384 }]);
  });

  it('fills nine tenths of all positions on dialogues of very different lengths, in few shapes', () => {
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
    const packedBatches = run.flatMap((groups) => plan.pack(groups).map(({ batch }) => batch));
    const positions = packedBatches.reduce((sum, batch) => sum + batch.packedRows * batch.length, 0);
    const real = packedBatches.reduce((sum, batch) => sum + batch.fill * batch.packedRows * batch.length, 0);
    expect(real / positions).toBeGreaterThan(0.9);
    const shapes = new Set(packedBatches.map((batch) => `${batch.packedRows} x ${batch.length}, ${batch.tokens}`));
    expect(shapes.size).toBeLessThanOrEqual(6);
    expect(plan.shapes.length).toBeLessThanOrEqual(6);
    for (const batch of packedBatches) expect(batch.packedRows * batch.length).toBeLessThanOrEqual(2048);
  });

  it('gives a group that is longer than all groups of the plan a shape of its own', () => {
    const plan = planPacking([[{ prompt: tokens(4), answers: [tokens(4), tokens(4)] }]]);
    const long = { prompt: tokens(100), answers: [tokens(50), tokens(60)] };
    expect(plan.pack([long]).map(({ indices, batch }) => [indices, batch.lengths])).toEqual([
      [[0], Int32Array.of(50, 60)],
    ]);
  });

  it('without batches packs each batch independently, into packed rows of few lengths', () => {
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 20 }), (groups) => {
        const parts = planPacking([], { steps: 100 }).pack(groups);
        expect(planPacking([], { steps: 7 }).pack(groups)).toEqual(parts);
        for (const { batch } of parts) expect([64, 128, 256]).toContain(batch.length);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps groups with other numbers of answers apart', () => {
    const groups = [2, 3, 2].map((k) => ({ prompt: tokens(3), answers: Array.from({ length: k }, () => tokens(4)) }));
    for (const plan of [planPacking([groups]), planPacking([])])
      expect(plan.pack(groups).map((part) => part.indices)).toEqual([[0, 2], [1]]);
  });
});
