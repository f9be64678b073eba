import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DpoError } from '../error.js';
import type { PromptGroup } from '../vocabulary/examples.js';
import type { PackedBatch } from '../vocabulary/packed-batch.js';
import { pack, packLength } from './pack.js';

const ids = (...values: number[]) => Int32Array.from(values);

const tokens = (max: number) =>
  fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: max }).map((list) => Int32Array.from(list));

const groupsOf = (answers: number, max = 40): fc.Arbitrary<PromptGroup[]> =>
  fc.array(
    fc.record({ prompt: tokens(max), answers: fc.array(tokens(max), { minLength: answers, maxLength: answers }) }),
    { minLength: 1, maxLength: 24 },
  );

const batches = fc.integer({ min: 1, max: 4 }).chain((answers) => groupsOf(answers));

/** Each sequence as a computation without packing has it: the tokens that each predictor may attend to. */
function unpack(batch: PackedBatch): { prompt: number[]; answer: number[] }[] {
  const out = Array.from({ length: batch.sequences }, () => ({ prompt: [] as number[], answer: [] as number[] }));
  for (let r = 0; r < batch.tokens; r++) {
    const s = batch.sequence[r] as number;
    if (s === batch.sequences) continue;
    const sequence = out[s] as { prompt: number[]; answer: number[] };
    const predictor = batch.predictors[r] as number;
    const row = Math.floor(predictor / batch.length);
    const visible: number[] = [];
    for (let j = row * batch.length; j <= predictor; j++) {
      const isVisible =
        batch.groupNumbers[j] === batch.groupNumbers[predictor] &&
        (batch.answerNumbers[j] === 0 || batch.answerNumbers[j] === batch.answerNumbers[predictor]);
      if (!isVisible) continue;
      expect(batch.positions[j]).toBe(visible.length);
      visible.push(batch.ids[j] as number);
    }
    if (sequence.answer.length === 0) sequence.prompt = visible;
    expect(visible).toEqual([...sequence.prompt, ...sequence.answer]);
    sequence.answer.push(batch.targets[r] as number);
  }
  return out;
}

describe('pack', () => {
  it('lays a pair out by hand', () => {
    const batch = pack([{ prompt: ids(5, 6), answers: [ids(7, 8, 9), ids(10, 11), ids(12)] }], {
      length: 8,
      packedRows: 1,
      tokens: 7,
    });
    expect([...batch.ids]).toEqual([5, 6, 7, 8, 10, 0, 0, 0]);
    expect([...batch.positions]).toEqual([0, 1, 2, 3, 2, 0, 0, 0]);
    expect([...batch.groupNumbers]).toEqual([1, 1, 1, 1, 1, 0, 0, 0]);
    expect([...batch.answerNumbers]).toEqual([0, 0, 1, 1, 2, 0, 0, 0]);
    expect([...batch.predictors]).toEqual([1, 2, 3, 1, 4, 1, 0]);
    expect([...batch.targets]).toEqual([7, 8, 9, 10, 11, 12, 0]);
    expect([...batch.sequence]).toEqual([0, 0, 0, 1, 1, 2, 3]);
    expect([...batch.lengths]).toEqual([3, 2, 1]);
    expect(batch.fill).toBe(5 / 8);
  });

  it('has every sequence, in the order of the groups, with its positions', () => {
    fc.assert(
      fc.property(batches, (groups) => {
        const batch = pack(groups);
        const sequences = groups.flatMap((group) =>
          group.answers.map((answer) => ({ prompt: [...group.prompt], answer: [...answer] })),
        );
        expect(unpack(batch)).toEqual(sequences);
        expect([...batch.lengths]).toEqual(sequences.map(({ answer }) => answer.length));
      }),
      { numRuns: 60 },
    );
  });

  it('writes each token but the last of an answer exactly once and pads the rest', () => {
    fc.assert(
      fc.property(batches, (groups) => {
        const batch = pack(groups);
        const inputTokens = groups.flatMap(({ prompt, answers }) => [
          ...prompt,
          ...answers.flatMap((answer) => [...answer.slice(0, -1)]),
        ]);
        const batchTokens = [...batch.ids].filter((_, i) => batch.groupNumbers[i] !== 0);
        expect(batchTokens.sort((a, b) => a - b)).toEqual(inputTokens.sort((a, b) => a - b));
        expect(batch.fill).toBeCloseTo(inputTokens.length / (batch.packedRows * batch.length), 12);
        for (let i = 0; i < batch.ids.length; i++) {
          if (batch.groupNumbers[i] !== 0) continue;
          expect([batch.ids[i], batch.positions[i], batch.answerNumbers[i]]).toEqual([0, 0, 0]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps groups of a packed row apart: each is one run of positions, numbered from 1', () => {
    fc.assert(
      fc.property(batches, (groups) => {
        const batch = pack(groups);
        let runCount = 0;
        for (let b = 0; b < batch.packedRows; b++) {
          const row = [...batch.groupNumbers.subarray(b * batch.length, (b + 1) * batch.length)];
          const runs = row.filter((group, t) => group !== 0 && group !== row[t - 1]);
          expect(new Set(runs).size).toBe(runs.length);
          expect([...runs].sort((x, y) => x - y)).toEqual(runs.map((_, i) => i + 1));
          runCount += runs.length;
        }
        expect(runCount).toBe(groups.length);
      }),
      { numRuns: 60 },
    );
  });

  it('does not depend on the other groups of the batch', () => {
    fc.assert(
      fc.property(groupsOf(2, 20), (groups) => {
        const together = unpack(pack(groups));
        expect(groups.flatMap((group) => unpack(pack([group])))).toEqual(together);
      }),
      { numRuns: 30 },
    );
  });

  it('has a forced shape', () => {
    fc.assert(
      fc.property(batches, fc.integer({ min: 0, max: 7 }), (groups, spare) => {
        const free = pack(groups);
        const forced = pack(groups, {
          length: free.length + spare,
          packedRows: free.packedRows + spare,
          tokens: free.tokens + spare,
        });
        expect([forced.length, forced.packedRows, forced.tokens]).toEqual([
          free.length + spare,
          free.packedRows + spare,
          free.tokens + spare,
        ]);
        expect(unpack(forced)).toEqual(unpack(free));
      }),
      { numRuns: 30 },
    );
  });

  it('finds a length for a forced number of packed rows', () => {
    const group = (n: number): PromptGroup => ({ prompt: new Int32Array(n), answers: [ids(1, 2)] });
    const batch = pack([group(99), group(99), group(99), group(99), group(99), group(99), group(99)], {
      packedRows: 1,
    });
    expect(batch.packedRows).toBe(1);
    expect(batch.length).toBe(768);
  });

  it('puts each long group into a packed row of its own and wastes little on short groups', () => {
    const group = (prompt: number, answer: number): PromptGroup => ({
      prompt: new Int32Array(prompt),
      answers: [new Int32Array(answer), new Int32Array(answer)],
    });
    const long = pack([group(384, 64), group(384, 64)]);
    expect([long.packedRows, long.length, long.fill]).toEqual([2, 512, 510 / 512]);
    const short = pack(Array.from({ length: 64 }, (_, i) => group(20 + (i % 7) * 5, 15 + ((i * 5) % 11) * 3)));
    expect(short.fill).toBeGreaterThan(0.85);
    expect(short.length).toBeLessThanOrEqual(512);
  });

  it('gives batches of one run few shapes', () => {
    const next = (() => {
      let state = 1;
      return (max: number) => {
        state = (state * 48271) % 2147483647;
        return 1 + (state % max);
      };
    })();
    const groups = Array.from({ length: 512 }, () => ({
      prompt: new Int32Array(10 + next(40)),
      answers: [new Int32Array(10 + next(30)), new Int32Array(10 + next(30))],
    }));
    const length = packLength(groups, 16);
    const shapes = new Set<string>();
    for (let from = 0; from < groups.length; from += 16) {
      const batch = pack(groups.slice(from, from + 16), { length });
      shapes.add(`${batch.packedRows}×${batch.length}, ${batch.tokens}`);
    }
    expect(shapes.size).toBeLessThanOrEqual(10);
  });

  it.each([
    ['data.nothing-to-pack', [], {}],
    [
      'data.uneven-groups',
      [
        { prompt: ids(1), answers: [ids(1)] },
        { prompt: ids(1), answers: [ids(1), ids(2)] },
      ],
      {},
    ],
    ['data.uneven-groups', [{ prompt: ids(1), answers: [] }], {}],
    ['data.empty-prompt', [{ prompt: ids(), answers: [ids(1)] }], {}],
    ['data.empty-answer', [{ prompt: ids(1), answers: [ids()] }], {}],
    ['data.group-too-long', [{ prompt: ids(1, 2), answers: [ids(3, 4)] }], { length: 2 }],
    [
      'data.batch-too-large',
      [
        { prompt: ids(1, 2), answers: [ids(3)] },
        { prompt: ids(1), answers: [ids(3, 4)] },
      ],
      { length: 3, packedRows: 1 },
    ],
    ['data.batch-too-large', [{ prompt: ids(1, 2), answers: [ids(3, 4)] }], { tokens: 1 }],
  ] as const)('refuses with %s', (code, groups, options) => {
    try {
      pack(groups, options);
      expect.unreachable();
    } catch (error) {
      expect(DpoError.is(error, code), String(error)).toBe(true);
    }
  });
});
