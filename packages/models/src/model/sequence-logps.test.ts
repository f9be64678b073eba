import { testEngine } from '@dpo/engine/test';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixtureFolder, fixtureModels } from '../test/_fixtures-for-tests.js';
import { type Group, scoreGroups, tokenLogits } from '../test/_packing-for-tests.js';
import { tinyGpt2, tinyLlama } from '../test/tiny-models.js';
import { loadModel } from './load-model.js';
import type { LanguageModel } from './types.js';

const vocabSize = 23;
const tokens = (longest: number) => fc.array(fc.nat(vocabSize - 1), { minLength: 1, maxLength: longest });
const groups: fc.Arbitrary<Group[]> = fc.array(
  fc.record({ prompt: tokens(7), answers: fc.array(tokens(6), { minLength: 1, maxLength: 3 }) }),
  { minLength: 1, maxLength: 4 },
);

/** Groups whose answers are equally long: dynamic positions depend on the length of the whole text. */
const groupsOfOneLength = groups.map((batchGroups) =>
  batchGroups.map(({ prompt, answers }) => {
    const length = Math.min(...answers.map((answer) => answer.length));
    return { prompt, answers: answers.map((answer) => answer.slice(0, length)) };
  }),
);

describe.each(fixtureModels)('log-probabilities of %s', (name) => {
  it('do not change with what else is in the packed row', async () => {
    const { model } = await loadModel(testEngine(), fixtureFolder(name));
    await expectSameAlone(model, name.includes('dynamic') ? groupsOfOneLength : groups, 3);
  });
});

/** Checks `runs` packed batches: each answer has the same log-probability as in a packed row of its own. */
async function expectSameAlone(model: LanguageModel, batches: fc.Arbitrary<Group[]>, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(batches, fc.integer({ min: 1, max: 4 }), async (batch, perRow) => {
      const packed = await scoreGroups(model, batch, { perRow });
      const alone = batch.flatMap(({ prompt, answers }) => answers.map((answer) => ({ prompt, answers: [answer] })));
      const plain = await scoreGroups(model, alone);
      packed.flat().forEach((logp, i) => {
        expect(Math.abs(logp - (plain[i]?.[0] as number))).toBeLessThan(2e-5 * (1 + Math.abs(logp)));
      });
    }),
    { numRuns: runs },
  );
}

describe.each([
  ['GPT-2', tinyGpt2],
  ['Llama', tinyLlama],
])('log-probabilities of %s', (_, make) => {
  const model = make(testEngine(), { vocabSize });

  it('are those of the logits', async () => {
    const [prompt, answer] = [
      [4, 8, 15],
      [16, 22],
    ];
    const logits = await tokenLogits(model, [...prompt, ...answer]);
    const want = answer.reduce((sum, id, i) => {
      const rowOfLogits = logits.subarray((prompt.length - 1 + i) * vocabSize, (prompt.length + i) * vocabSize);
      const total = Math.log(rowOfLogits.reduce((all, logit) => all + Math.exp(logit), 0));
      return sum + (rowOfLogits[id] as number) - total;
    }, 0);
    const [[got]] = (await scoreGroups(model, [{ prompt, answers: [answer] }])) as [[number]];
    expect(got).toBeCloseTo(want, 4);
  });

  it('of all answers of one token add up to one', async () => {
    const answers = Array.from({ length: vocabSize }, (_, id) => [id]);
    const [logps] = await scoreGroups(model, [{ prompt: [3, 1], answers }]);
    expect(logps?.reduce((sum, logp) => sum + Math.exp(logp), 0)).toBeCloseTo(1, 5);
  });
});
