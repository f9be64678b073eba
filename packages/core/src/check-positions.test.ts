import type { EncodedPair } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import { createModel } from '@dpo/models';
import { describe, expect, it } from 'vitest';
import { all, bigramTraining, fours, pairs } from './_training-for-tests.js';
import { answerDivergences } from './answer-divergences.js';
import { checkPositions, positionsOf } from './check-positions.js';
import { sequenceLogps, tokenLogps } from './score.js';
import { bigramModel } from './test/bigram-model.js';
import { openLogpScorer } from './token-scorer.js';
import { train } from './trainer.js';

const ids = (length: number) => Int32Array.from({ length }, (_, i) => i % 11);
/** The longest answer has four tokens, of which the last one is only predicted: 6 + 4 − 1 positions. */
const group = { prompt: ids(6), answers: [ids(2), ids(4)] };
const refused = expect.objectContaining({
  code: 'model.too-few-positions',
  values: { group: 1, positions: 9, maxPositions: 8 },
});
const groups = [{ prompt: ids(1), answers: [ids(2), ids(3)] }, group];

it('counts every token but the last of each answer', () => {
  expect(positionsOf(group)).toBe(9);
  expect(positionsOf({ prompt: ids(6), answers: [] })).toBe(6);
  expect(() => checkPositions({ maxPositions: 8 }, groups)).toThrow(refused);
  checkPositions({ maxPositions: 9 }, groups);
  checkPositions({}, groups);
});

describe('a text that is longer than the model reads is refused', () => {
  const config = { model_type: 'gpt2', vocab_size: 11, n_embd: 8, n_layer: 1, n_head: 2 };

  it('in scores and divergences, while a text of just that length is not', async () => {
    const engine = testEngine();
    const short = createModel(engine, { ...config, n_positions: 8 }, { seed: 1 });
    const long = createModel(engine, { ...config, n_positions: 9 }, { seed: 1 });
    await expect(sequenceLogps(short, groups)).rejects.toEqual(refused);
    await expect(tokenLogps(short, groups)).rejects.toEqual(refused);
    await expect(answerDivergences(long, short, groups)).rejects.toEqual(refused);
    const scorer = openLogpScorer(short);
    await expect(scorer.score(groups)).rejects.toEqual(refused);
    scorer.dispose();
    for (const logps of (await sequenceLogps(long, groups)).flat()) expect(logps).toBeLessThan(0);
    await engine.dispose();
  });

  it('in training', async () => {
    const engine = testEngine();
    const longest = Math.max(
      ...pairs.map(({ prompt, chosen, rejected }) => positionsOf({ prompt, answers: [chosen, rejected] })),
    );
    const options = bigramTraining(engine);
    const run = (maxPositions: number, examples: readonly EncodedPair[] = pairs) => {
      const model = { ...bigramModel(engine), maxPositions };
      return all(train({ ...options, model, batches: fours(examples) }));
    };
    await expect(run(longest - 1)).rejects.toMatchObject({ code: 'model.too-few-positions' });
    expect(await run(longest)).toHaveLength(6);
    await engine.dispose();
  });
});
