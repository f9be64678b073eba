import { answerRewards } from '@dpo/core';
import type { EncodedPair, RowOrigin } from '@dpo/data';
import { addLora, writeRewardScale } from '@dpo/models';
import { checkOpensAsReward, openRewardModel, withScoreAdapter } from '../inputs/open-reward-model.js';
import { isFrozen, loraOptions } from './prepare.js';
import { pairRows } from './row-kinds.js';
import type { ModelKind } from './run-rows.js';

/** Pairs for a reward model, which reads both answers of a row, whatever the method calls them. */
export const rewardRows: typeof pairRows = {
  ...pairRows,
  answers: (row) => pairRows.answers(row, ['chosen', 'rejected']),
  // A reward model has no reference.
  referenceOf: () => ({ rows: 0 }),
};

/** Reward models: decoders with a score head. Their folders hold the mean and the deviation of rewards. */
export function rewardModels({
  padToken,
  normaliseRows,
}: {
  readonly padToken?: string | undefined;
  readonly normaliseRows: number;
}): ModelKind<EncodedPair & RowOrigin<'chosen' | 'rejected'>> {
  return {
    check: (name, context, checks) => checkOpensAsReward(name, context, { ...checks, padToken }),
    async open(engine, options, context) {
      const { seed, baseDtype } = options;
      const frozen = isFrozen(options);
      const rewardModel = await openRewardModel(engine, options.model, { seed, padToken, frozen, baseDtype }, context);
      if (options.adapter !== undefined) return withScoreAdapter(rewardModel, options.adapter);
      if (options.loraRank === undefined) return rewardModel;
      const lora = loraOptions(options, options.loraRank);
      const model = await addLora(rewardModel.model, {
        ...lora,
        modulesToSave: [...(lora.modulesToSave ?? []), 'score'],
      });
      return { ...rewardModel, model };
    },
    async complete({ model, examples, context }, folder) {
      const some = examples.slice(0, normaliseRows);
      if (some.length === 0) return;
      const groups = some.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected] }));
      const rewards = await answerRewards(model, groups, {
        onProgress: (done, total) => context.progress(`Measuring rewards: ${done} of ${total} rows`),
      });
      await writeRewardScale(folder, rewards.flat());
    },
  };
}
