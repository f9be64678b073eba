import { pack } from '@dpo/base/packing';
import { testEngine } from '@dpo/engine/test';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sequenceLogps } from './score.js';
import { bigramModel } from './test/bigram-model.js';

const model = bigramModel(testEngine());
const token = fc.integer({ min: 0, max: 10 });
const list = fc.array(token, { minLength: 1, maxLength: 6 }).map((ids) => Int32Array.from(ids));

describe('sequenceLogps', () => {
  it('gives each answer its own number, whatever else is in the batch', async () => {
    const group = fc.record({ prompt: list, answers: fc.array(list, { minLength: 1, maxLength: 3 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(group, { minLength: 1, maxLength: 7 }),
        fc.integer({ min: 1, max: 80 }),
        async (groups, batchTokens) => {
          const together = await sequenceLogps(model, groups, { pack, batchTokens });
          for (const [g, { prompt, answers }] of groups.entries()) {
            expect(together[g]?.length).toBe(answers.length);
            for (const [a, answer] of answers.entries()) {
              const [[alone]] = (await sequenceLogps(model, [{ prompt, answers: [answer] }], { pack })) as [[number]];
              expect(together[g]?.[a]).toBeCloseTo(alone, 4);
            }
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is a log-probability: over all one-token answers it sums to 1', async () => {
    const answers = Array.from({ length: 11 }, (_, i) => Int32Array.of(i));
    const [logps] = await sequenceLogps(model, [{ prompt: Int32Array.of(3), answers }], { pack });
    expect(logps?.reduce((sum, logp) => sum + Math.exp(logp), 0)).toBeCloseTo(1, 5);
  });

  it('reports its progress, and stops when the signal is aborted', async () => {
    const groups = Array.from({ length: 5 }, (_, i) => ({ prompt: Int32Array.of(i), answers: [Int32Array.of(i)] }));
    const progress: number[] = [];
    await sequenceLogps(model, groups, { pack, batchTokens: 4, onProgress: (done) => progress.push(done) });
    expect(progress).toEqual([2, 4, 5]);
    const even: number[] = [];
    const ten = [...groups, ...groups];
    await sequenceLogps(model, ten, { pack, batchTokens: 16, onProgress: (done) => even.push(done) });
    expect(even).toEqual([5, 10]); // not 8 and then 2 that are filled up to 8
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await expect(sequenceLogps(model, groups, { pack, signal: controller.signal })).rejects.toThrow('enough');
    expect(await sequenceLogps(model, [], { pack })).toEqual([]);
  });
});
