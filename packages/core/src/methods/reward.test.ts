import type { EncodedPair } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import { describe, expect, it } from 'vitest';
import { all, bigramLogp, bigramTraining, close, fours, pairs, weightsOf } from '../_training-for-tests.js';
import { noReference } from '../reference.js';
import { answerRewards, readAsReward } from '../rewards.js';
import { bigramModel } from '../test/bigram-model.js';
import { train } from '../trainer.js';
import { rewardMethod } from './reward.js';

/** The log-probability of a bigram model stands for a reward here; any number that depends on the weights would do. */
async function firstRecord(examples: readonly EncodedPair[], centre?: number) {
  const engine = testEngine();
  const training = bigramTraining(engine, {
    method: rewardMethod({ centre }),
    reference: noReference(),
    batches: fours(examples),
    steps: 1,
  });
  const weights = await weightsOf(training.model);
  const [record] = await all(train(training));
  await engine.dispose();
  const rewards = examples.slice(0, 4).map(({ prompt, chosen, rejected }) => ({
    chosen: bigramLogp(weights, prompt, readAsReward(chosen)),
    rejected: bigramLogp(weights, prompt, readAsReward(rejected)),
  }));
  return { record: record as unknown as Record<string, number>, rewards };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('training a reward model', () => {
  it('has the loss of Bradley and Terry with margins, and keeps rewards near zero', async () => {
    const examples = pairs.map((pair, i) => (i % 2 === 0 ? pair : { ...pair, margin: 0.5 * i }));
    const { record, rewards } = await firstRecord(examples, 0.02);
    const losses = rewards.map(({ chosen, rejected }, i) => {
      const beyond = chosen - rejected - (examples[i]?.margin ?? 0);
      return Math.log(1 + Math.exp(-beyond)) + 0.02 * (chosen + rejected) ** 2;
    });
    close([record.loss as number], [mean(losses)]);
  });

  it('takes TRL’s coefficient by default', async () => {
    const [explicit, byDefault] = [await firstRecord(pairs, 0.01), await firstRecord(pairs)];
    expect(byDefault.record.loss).toBe(explicit.record.loss);
  });

  it('records the numbers of TRL’s RewardTrainer, beside those of all trainings on pairs', async () => {
    const { record, rewards } = await firstRecord(pairs);
    const both = rewards.flatMap(({ chosen, rejected }) => [chosen, rejected]);
    const margins = rewards.map(({ chosen, rejected }) => chosen - rejected);
    close(
      ['min_reward', 'mean_reward', 'max_reward', 'margin', 'accuracy'].map((name) => record[name] as number),
      [
        Math.min(...both),
        mean(both),
        Math.max(...both),
        mean(margins),
        mean(margins.map((margin) => Number(margin > 0))),
      ],
    );
    expect(record['rewards/margins']).toBe(record.margin);
    expect(record['rewards/accuracies']).toBe(record.accuracy);
    expect(record).not.toHaveProperty('logps/chosen');
  });
});

describe('rewards of answers', () => {
  it('are the same for any number of groups at a time, in the order of the groups', async () => {
    const engine = testEngine();
    const model = bigramModel(engine);
    const weights = await weightsOf(model);
    const groups = pairs.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected, chosen] }));
    const together = await answerRewards(model, groups);
    const want = groups.map(({ prompt, answers }) =>
      answers.map((answer) => bigramLogp(weights, prompt, readAsReward(answer))),
    );
    close(together.flat(), want.flat());
    for (const [i, group] of groups.entries()) {
      const [alone] = await answerRewards(model, [group], { batchTokens: 1 });
      close(alone as number[], together[i] as number[]);
    }
    await engine.dispose();
  });
});
