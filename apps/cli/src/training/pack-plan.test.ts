import { methodNamed } from '@dpo/core';
import { batches, pack } from '@dpo/data';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planPacking } from './pack-plan.js';

const tokens = (n: number) => Int32Array.from({ length: n }, (_, i) => i + 3);
const pair = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }))
  .map(([p, c, r]) => ({ prompt: tokens(p), chosen: tokens(c), rejected: tokens(r) }));
const method = methodNamed('dpo', {});

it('packs every batch of a run, the same sequences as without a plan, with rows of one length', () => {
  fc.assert(
    fc.property(fc.array(pair, { minLength: 5, maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (pairs, batchSize) => {
      const deal = batches(pairs.length, { batchSize, shuffle: true, seed: 1 });
      const steps = deal.stepsPerEpoch * 2;
      const plan = planPacking(pairs, method, (step) => deal.rows(step), steps, 1);
      const lengths = new Set<number>();
      for (let step = 1; step <= steps; step++) {
        const groups = [...deal.rows(step)].map((row) => pairs[row] as (typeof pairs)[number]);
        const asGroups = groups.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected] }));
        const planned = plan(asGroups);
        lengths.add(planned.length);
        expect([...planned.lengths]).toEqual([...pack(asGroups).lengths]);
      }
      expect(lengths.size).toBe(1);
    }),
  );
});

it('has one shape where batches are alike', () => {
  const pairs = Array.from({ length: 48 }, (_, i) => ({
    prompt: tokens(6 + (i % 3)),
    chosen: tokens(24),
    rejected: tokens(24),
  }));
  const deal = batches(pairs.length, { batchSize: 8, shuffle: true, seed: 0 });
  const plan = planPacking(pairs, method, (step) => deal.rows(step), 6, 1);
  const shapes = [1, 2, 3, 4, 5, 6].map((step) => {
    const groups = [...deal.rows(step)].map((row) => pairs[row] as (typeof pairs)[number]);
    const {
      rows,
      length,
      tokens: predicted,
    } = plan(groups.map((p) => ({ prompt: p.prompt, answers: [p.chosen, p.rejected] })));
    return `${rows} x ${length}, ${predicted}`;
  });
  // The longest pair has 8 + 24 + 24 tokens, two to a row: rows end with them.
  expect([...new Set(shapes)]).toEqual(['4 x 112, 384']);
});
