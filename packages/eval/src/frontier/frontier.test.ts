import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellsOf, drawCells } from './cells.js';
import { atEqualKl, rewardAt } from './equal-kl.js';
import { frontierOf } from './frontier.js';
import { frontierRows } from './frontier-rows.js';
import { frontierSentences } from './frontier-sentences.js';
import { bestOfNPoint, measurePoints } from './measure-points.js';
import { dominates, paretoFront, undominatedShares } from './pareto.js';
import { evidence, pointOf } from './points-for-tests.js';

describe('points', () => {
  it('have means with errors clustered by prompt', () => {
    const base = evidence({}, [1, 0], [2, 4]);
    // Two answers to each prompt, alike: 1, 1 and 0, 0.
    const [point] = measurePoints([{ ...base, samples: base.samples.flatMap((sample) => [sample, sample]) }]);
    expect(point?.reward.mean).toBe(0.5);
    // G/(G−1) · Σ_g (Σ_i x_i − x̄)² / n² = 2 · (1² + 1²) / 4² = ¼.
    expect(point?.reward.standardError).toBeCloseTo(0.5, 12);
    expect(point?.kl.mean).toBe(3);
    expect(point?.prompts).toEqual([
      { prompt: 0, reward: 1, kl: 2 },
      { prompt: 1, reward: 0, kl: 4 },
    ]);
    expect(point?.learnedReward).toBeUndefined();
  });

  it('have statistics of equally many texts, however many were drawn', () => {
    const [one, two] = [evidence({ method: 'A' }, [1, 0]), evidence({ method: 'B' }, [1, 0])];
    const other = (sample: (typeof two.samples)[number]) => ({ ...sample, tokens: [1, 2] });
    const more = { ...two, samples: two.samples.flatMap((sample) => [sample, other(sample), other(sample)]) };
    const [a, b] = measurePoints([one, more]);
    expect(b?.texts).toEqual(a?.texts);
    expect(b?.reward.count).toBe(6);
  });

  it('of best of N are exact over all subsets, at the bound of their KL', () => {
    const one = evidence({ kind: 'start', method: 'Start' }, [0, 1, 2]);
    const start = { ...one, samples: one.samples.map((sample) => ({ ...sample, prompt: 0 })) };
    const point = bestOfNPoint(start, 2);
    // Of the three pairs of 0, 1 and 2 the best are 1, 2 and 2.
    expect(point.reward.mean).toBeCloseTo(5 / 3, 12);
    expect(point.kl.mean).toBeCloseTo(Math.log(2) - 0.5, 12);
    // The better one of the first two answers is shown.
    expect(point.answers.map(({ reward }) => reward)).toEqual([1]);
    expect(() => bestOfNPoint(start, 4)).toThrow('Best of 4 needs at least 4 samples');
  });
});

describe('the Pareto front', () => {
  it('is what no other place dominates', () => {
    const places = [
      { reward: 0.5, kl: 1 },
      { reward: 0.6, kl: 2 },
      { reward: 0.55, kl: 3 }, // less than the second at more
      { reward: 0.5, kl: 1 }, // the same place as the first
      { reward: 0.4, kl: 1 }, // less at the same
      { reward: 0.6, kl: 2.5 }, // the same at more
    ];
    expect(paretoFront(places)).toEqual([true, true, false, true, false, false]);
  });

  it('equals the definition', () => {
    const place = fc.record({ reward: fc.integer({ min: -3, max: 3 }), kl: fc.integer({ min: 0, max: 4 }) });
    fc.assert(
      fc.property(fc.array(place, { maxLength: 12 }), (places) => {
        expect(paretoFront(places)).toEqual(places.map((each) => !places.some((other) => dominates(other, each))));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('is sure of a cell that is better on every prompt, and unsure of two cells that differ by chance', () => {
    const points = [
      pointOf({ method: 'A' }, [0.9, 0.8, 0.9, 0.8]),
      pointOf({ method: 'B' }, [0.5, 0.4, 0.5, 0.4]),
      pointOf({ method: 'C' }, [1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5]),
      pointOf({ method: 'D' }, [0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]),
    ];
    const cells = cellsOf(points);
    const shares = undominatedShares(drawCells(cells, { draws: 2000 }), [true, true, true, true]);
    // C and D have ½ on average. In a draw n of the four prompts have a 1 for C, and the others a 1 for D: n is 2 in C(4,2)/2⁴ of draws.
    expect(shares[1]).toBeLessThan(0.01);
    expect((shares[2] as number) + (shares[3] as number)).toBeCloseTo(1 + 6 / 16, 1);
    expect(undominatedShares(drawCells(cells, { draws: 10 }), [false, true, false, false])).toEqual([0, 1, 0, 0]);
  });
});

describe('draws', () => {
  it('take the same prompts for every cell, so that a constant difference stays constant', () => {
    const low = [0.1, 0.5, 0.3];
    const cells = cellsOf([
      pointOf({ method: 'A' }, low),
      pointOf(
        { method: 'B' },
        low.map((reward) => reward + 0.25),
      ),
    ]);
    const { reward } = drawCells(cells, { draws: 50 });
    for (const [a, b] of reward.map((draw) => [draw[0], draw[1]] as [number, number]))
      expect(b - a).toBeCloseTo(0.25, 12);
    expect(new Set(reward.map((draw) => draw[0]?.toFixed(9))).size).toBeGreaterThan(3);
  });

  it('draw seeds too, and join them by setting and step', () => {
    const cells = cellsOf([pointOf({ seed: 0 }, [0, 0]), pointOf({ seed: 1 }, [1, 1]), pointOf({ step: 2 }, [1, 1])]);
    expect(cells.map(({ points, reward }) => [points.length, reward])).toEqual([
      [2, 0.5],
      [1, 1],
    ]);
    const first = drawCells(cells, { draws: 400 }).reward.map((draw) => draw[0] as number);
    // Both seeds the first, one of each, or both the second.
    expect([...new Set(first)].sort()).toEqual([0, 0.5, 1]);
    expect(first.filter((reward) => reward === 0.5).length / 400).toBeCloseTo(0.5, 1);
  });

  it('refuse points of other prompts', () => {
    const cells = cellsOf([pointOf({}, [1, 2]), pointOf({ method: 'B' }, [1])]);
    expect(() => drawCells(cells)).toThrow('B, , seed 0, step 1 was measured on other prompts');
  });
});

describe('at equal KL', () => {
  it('a reward lies on the line between the places around it', () => {
    const places = [
      { kl: 3, reward: 0.6 },
      { kl: 1, reward: 0.2 },
      { kl: 9, reward: 0 },
    ];
    expect(rewardAt(places, 2)).toBeCloseTo(0.4, 12);
    expect(rewardAt(places, 3)).toBe(0.6);
    expect(rewardAt(places, 6)).toBeCloseTo(0.3, 12);
    expect([rewardAt(places, 0.9), rewardAt(places, 9.1)]).toEqual([undefined, undefined]);
  });

  it('methods are compared at the KLs that have points of both on either side, along the front of each method', () => {
    const at = (method: string, setting: string, reward: number, kl: number) =>
      pointOf({ method, setting }, [reward - 0.1, reward + 0.1], [kl, kl]);
    const cells = cellsOf([
      at('A', '1', 0.2, 1),
      at('A', '2', 0.6, 3),
      at('A', 'bad', 0.1, 2), // below A's own front
      at('B', '1', 0.1, 0.5),
      at('B', '2', 0.35, 2.5),
      at('C', '1', 0.9, 8), // one point, so on both sides of no KL
    ]);
    const comparisons = atEqualKl(cells, drawCells(cells, { draws: 100 }));
    expect(comparisons.map(({ method, other, kl }) => [method, other, kl])).toEqual([
      ['A', 'B', 1],
      ['A', 'B', 2],
    ]);
    // A at 2: 0.4. B at 2: 0.1 + 0.25 · 1.5 / 2. The prompts move both rewards by the same amount.
    expect(comparisons[1]?.reward).toBeCloseTo(0.4, 12);
    expect(comparisons[1]?.otherReward).toBeCloseTo(0.2875, 12);
    expect(comparisons[1]?.low).toBeCloseTo(0.1125, 9);
    expect(comparisons[1]?.high).toBeCloseTo(0.1125, 9);
  });

  it('methods whose overlap lies between two KLs of the grid are compared in the middle of the overlap', () => {
    const at = (method: string, setting: string, kl: number) => pointOf({ method, setting }, [kl, kl], [kl, kl]);
    const cells = cellsOf([at('A', '1', 4.2), at('A', '2', 5), at('B', '1', 4.4), at('B', '2', 5.5)]);
    expect(atEqualKl(cells, drawCells(cells, { draws: 20 })).map(({ kl }) => kl)).toEqual([4.7]);
  });
});

it('methods whose overlap ends near a KL of the grid are compared in the middle of the overlap', () => {
  // Only the second prompt lies beyond 3. One draw in four does not have the second prompt.
  const at = (method: string, setting: string, kls: readonly number[]) => pointOf({ method, setting }, kls, kls);
  const cells = cellsOf([
    at('A', '1', [1, 1]),
    at('A', '2', [5, 5]),
    at('B', '1', [2.1, 2.1]),
    at('B', '2', [2.9, 3.2]),
  ]);
  expect(atEqualKl(cells, drawCells(cells, { draws: 200 })).map(({ kl }) => kl)).toEqual([2.6]);
});

describe('a frontier', () => {
  const at = (name: object, reward: number, kl: number, spread = 0.01) =>
    pointOf(name, [reward - spread, reward + spread, reward - spread, reward + spread], [kl, kl, kl, kl]);
  const points = [
    at({ kind: 'start', method: 'Start', step: 0 }, 0.16, 0),
    at({ method: 'DPO', setting: 'β 1', step: 22 }, 0.34, 0.7),
    at({ method: 'DPO', setting: 'β 0.1', step: 22 }, 0.55, 2.7),
    at({ method: 'RLOO-GT', setting: 'β 0.2', step: 30 }, 0.5, 1.15),
    at({ method: 'RLOO-GT', setting: 'β 0.05', step: 30 }, 0.77, 4.1),
  ];
  const best = bestOfNPoint(
    {
      ...evidence({ kind: 'start', method: 'Start', step: 0 }, []),
      samples: [0, 1, 2, 3].flatMap((prompt) =>
        evidence({}, [0.2, 0.6]).samples.map((sample) => ({ ...sample, prompt })),
      ),
    },
    2,
  );
  const frontier = frontierOf([...points, best], { draws: 200 });

  it('marks the front of the trained policies and the start', () => {
    // With Best-of-N in the competition only the start and RLOO-GT at 4.1 would be on the front.
    expect(frontier.cells.map(({ onFront, undominated: share }) => [onFront, share])).toEqual([
      ...Array.from({ length: 5 }, () => [true, 1]),
      [false, 0],
    ]);
  });

  it('describes its figures', () => {
    const sentences = frontierSentences(frontier);
    expect(sentences[0]).toMatch(
      /^The highest mean reward, 0.77.*, has RLOO-GT, β 0.05, after 30 updates, at a KL of 4.1 nats\.$/,
    );
    expect(sentences.join(' ')).toMatch(/At a KL of 2 nats RLOO-GT has 0\.1\d* more reward than DPO/);
    expect(sentences.join(' ')).toContain('Best-of-N reaches 0.6 (N 2) at a KL of at most 0.193 nats');
    expect(sentences.at(-1)).toContain('All of it is one seed');
    expect(sentences.join(' ')).not.toContain('over-optimised');
  });

  it('says the contrary when the figures do', () => {
    const swappedPoints = points.map((point) =>
      point.method === 'DPO'
        ? { ...point, method: 'RLOO-GT' }
        : point.method === 'RLOO-GT'
          ? { ...point, method: 'DPO' }
          : point,
    );
    const text = frontierSentences(frontierOf(swappedPoints, { draws: 50 })).join(' ');
    expect(text).toMatch(/At a KL of 2 nats DPO has 0\.1\d* more reward than RLOO-GT/);
  });

  it('compares the first method with each other one, and names the methods for which no comparison is possible', () => {
    const text = frontierSentences(
      frontierOf([...points, at({ method: 'PPO', step: 9 }, 0.2, 9), at({ method: 'PPO', step: 3 }, 0.1, 6)], {
        draws: 50,
      }),
    ).join(' ');
    expect(text).toContain('No KL lies between points of DPO and of PPO');
    expect(text).not.toMatch(/than PPO/);
  });

  it('names a run whose learned reward rises while the true one falls', () => {
    const checkpoint = (step: number, reward: number, learnedReward: number) =>
      measurePoints([
        {
          ...evidence({ method: 'PPO', step }, []),
          samples: evidence({}, [reward - 0.01, reward + 0.01, reward], [1, 1, 1]).samples.map((sample) => ({
            ...sample,
            learned: learnedReward,
          })),
        },
      ]);
    const checkpoints = [...checkpoint(1, 0.6, 1), ...checkpoint(2, 0.3, 2)];
    const text = frontierSentences(frontierOf(checkpoints, { draws: 50 })).join(' ');
    expect(text).toContain(
      'PPO, after 2 updates is over-optimised: since update 1 the learned reward rose from 1 to 2 while the true one fell from 0.6 to 0.3.',
    );
  });

  it('has a row to each point, under the names that scripts read', () => {
    const rows = frontierRows(frontier);
    expect(rows.length).toBe(6);
    expect(rows[1]).toMatchObject({
      ...{ method: 'DPO', setting: 'β 1', seed: 0, step: 22, kl: 0.7, kl_kind: 'exact', undominated: 1 },
      ...{ learned_reward: null, length: 4, ended: 1, samples_drawn: 8, tokens_trained: 100, seconds: 2.5 },
    });
    expect(rows[1]?.reward).toBeCloseTo(0.34, 12);
    // Four prompts at ±0.01: s² = 4/3 · 10⁻⁴, s / √4.
    expect(rows[1]?.reward_error).toBeCloseTo(Math.sqrt(4 / 3) * 0.005, 9);
    expect(rows[5]).toMatchObject({ kl_kind: 'bound', kl_error: null, undominated: null });
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });
});
