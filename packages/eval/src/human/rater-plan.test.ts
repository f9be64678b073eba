import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { madeUpPairs } from './_pairs-for-tests.js';
import { distanceOf, planRater } from './rater-plan.js';

const names = (plan: ReturnType<typeof planRater>) => plan.map(({ pair, first }) => `${pair.promptId} ${first}`);
const sizes = fc.tuple(fc.integer({ min: 1, max: 120 }), fc.nat(40), fc.nat(1000), fc.string());

describe('a plan', () => {
  it('has each planned pair once, and a tenth of them again with sides swapped, at a distance', () => {
    fc.assert(
      fc.property(sizes, ([planned, more, seed, rater]) => {
        const plan = planRater(madeUpPairs(planned + more), { rater, planned, seed });
        const originals = plan.filter(({ again }) => !again);
        expect(new Set(originals.map(({ pair }) => pair.promptId)).size).toBe(planned);
        expect(originals.length).toBe(planned);
        const returns = plan.flatMap((item, at) => (item.again ? [{ item, at }] : []));
        expect(returns.length).toBe(planned < 2 ? 0 : Math.max(1, Math.round(planned / 10)));
        expect(new Set(returns.map(({ item }) => item.pair.promptId)).size).toBe(returns.length);
        for (const { item, at } of returns) {
          const before = plan.findIndex(({ pair }) => pair.promptId === item.pair.promptId);
          expect([item.first, plan[before]?.first].sort()).toEqual(['baseline', 'model']);
          const between = plan.slice(before + 1, at).filter(({ again }) => !again).length;
          expect(between).toBeGreaterThanOrEqual(distanceOf(planned));
        }
      }),
    );
  });

  it('is the same for the same rater and seed, and has the same pairs for every rater', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 60 }), fc.nat(1000), (planned, seed) => {
        const plan = (rater: string) => planRater(madeUpPairs(100), { rater, planned, seed });
        const pairsOf = (rater: string) => new Set(plan(rater).map(({ pair }) => pair.promptId));
        expect(names(plan('anna'))).toEqual(names(plan('anna')));
        expect(names(plan('anna'))).not.toEqual(names(plan('ben')));
        expect(pairsOf('anna')).toEqual(pairsOf('ben'));
      }),
    );
  });

  it('keeps pairs and sides when more are planned later', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), fc.nat(50), fc.nat(1000), (planned, more, seed) => {
        const sides = (count: number) =>
          new Map(
            planRater(madeUpPairs(100), { rater: 'anna', planned: count, seed }).flatMap(({ pair, first, again }) =>
              again ? [] : [[pair.promptId, first] as const],
            ),
          );
        const later = sides(planned + more);
        for (const [prompt, first] of sides(planned)) expect(later.get(prompt)).toBe(first);
      }),
    );
  });

  it('puts the model on either side alike, and draws the pairs from all', () => {
    const plan = planRater(madeUpPairs(2000), { rater: 'anna', planned: 1000 }).filter(({ again }) => !again);
    const onLeft = plan.filter(({ first }) => first === 'model').length;
    expect(Math.abs(onLeft - 500)).toBeLessThan(64); // four deviations of √1000 / 2
    const late = plan.filter(({ pair }) => Number(pair.promptId.slice(1)) >= 1000).length;
    expect(Math.abs(late - 500)).toBeLessThan(64);
  });

  it('refuses more pairs than there are', () => {
    expect(() => planRater(madeUpPairs(3), { rater: 'anna', planned: 4 })).toThrow(
      expect.objectContaining({ code: 'human.too-few-pairs', values: { planned: 4, pairs: 3 } }),
    );
  });
});
