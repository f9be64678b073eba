import { answerRewards } from '@dpo/core';
import type { EncodedPair, RowOrigin } from '@dpo/data';
import { addLora, writeRewardScale } from '@dpo/models';
import { checkOpensAsReward, openRewardModel, withScoreAdapter } from '../inputs/open-reward-model.js';
import { loraOptions } from './prepare.js';
import { pairRows } from './row-kinds.js';
import type { ModelKind } from './run-rows.js';

/** Pairs for a reward model: the answers that it reads are those of the row, whatever the method calls them. */
export const rewardRows: typeof pairRows = {
  ...pairRows,
  answers: (row) => pairRows.answers(row, ['chosen', 'rejected']),
  // Rewards are of no reference.
  referenceOf: () => ({ rows: 0 }),
};

/** Reward models: decoders with a score head. Their folders say how rewards of known answers are spread. */
export function rewardModels(options: {
  readonly padToken?: string | undefined;
  readonly normaliseRows: number;
}): ModelKind<EncodedPair & RowOrigin<'chosen' | 'rejected'>> {
  const { padToken, normaliseRows } = options;
  return {
    check: (name, context, checks) => checkOpensAsReward(name, context, { ...checks, padToken }),
    async open(engine, given, context) {
      const opened = await openRewardModel(engine, given.model, { seed: given.seed, padToken }, context);
      if (given.adapter !== undefined) return withScoreAdapter(opened, given.adapter);
      if (given.loraRank === undefined) return opened;
      const lora = loraOptions(given, given.loraRank);
      const model = await addLora(opened.model, { ...lora, modulesToSave: [...(lora.modulesToSave ?? []), 'score'] });
      return { ...opened, model };
    },
    async complete({ model, rows, context }, folder) {
      const known = rows.slice(0, normaliseRows);
      if (known.length === 0) return;
      const groups = known.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected] }));
      const rewards = await answerRewards(model, groups, {
        onProgress: (done, total) => context.progress(`Rewards of known answers: ${done} of ${total} rows`),
      });
      await writeRewardScale(folder, rewards.flat());
    },
  };
}
