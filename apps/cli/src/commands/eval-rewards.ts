import { DpoError } from '@dpo/base';
import { sequenceLogps } from '@dpo/core';
import { cutSummary, encodeGroups } from '@dpo/data';
import { rewardFigures, rewardReport, tiesScore } from '@dpo/eval';
import type { ModelTokenizer } from '@dpo/models';
import {
  engineOptions,
  namesScorer,
  onErrorOption,
  openModel,
  openScorer,
  place,
  type SharedWork,
  skippedRows,
  USAGE,
  withSplit,
  withWorkers,
} from '@dpo/run/command-line';
import { z } from 'zod';
import { type Context, defineCommand } from '../command/define.js';
import { offerEngine } from '../session/offer-engine.js';
import { type Comparison, readComparisons, withScores } from '../tasks/rewards/read-comparisons.js';
import { rewardLines } from '../ui/rewards.js';

const options = z.strictObject({
  model: place('input-model').describe(
    'A reward model or another classifier, or a policy whose implicit reward is measured',
  ),
  ref: place('input-model')
    .optional()
    .describe('The reference of a policy: the model from which the policy was trained'),
  beta: z.number().positive().default(0.1).describe('Scale of the implicit reward'),
  data: place('input').describe('Preference data of any kind, or a file of RewardBench 1 or 2'),
  split: z.string().optional().describe('Which split of --data [train]'),
  limit: z.int().positive().optional().describe('How many rows, the first ones [all]'),
  onError: onErrorOption,
  maxLength: z
    .int()
    .positive()
    .default(2048)
    .describe('Longest prompt and answer together, in tokens, within what the model takes'),
  eos: z.boolean().default(true).describe('Ends answers with the end-of-text token'),
  json: z.boolean().default(false).describe('One JSON object on standard output'),
  config: place('input').optional().describe('A JSON file of these options'),
  ...engineOptions,
});

type Options = z.output<typeof options>;

/** `dpo eval rewards`: how well a reward model, or the implicit reward of a policy, recognises better answers. */
export const evalRewardsCommand = defineCommand({
  name: 'eval rewards',
  summary: 'Measure a reward model, or the implicit reward of a policy',
  options,
  details:
    'Prints the accuracy on all data and on each subset with its interval, log loss, calibration, margins by length, and the\n' +
    'accuracy of a ruler that takes the longer answer. In a list of answers those with the best score are right.\n' +
    'Example: dpo eval rewards --model runs/reward/final --data held-out.jsonl',
  sharesWork: true,
  run: async (values, context) => {
    const { model, ref, data, split, limit, json } = values;
    const isScorer = await namesScorer(model, context);
    if (!isScorer && ref === undefined)
      throw new DpoError(USAGE, `dpo eval rewards: ${model} is a language model, whose implicit reward needs --ref.`, {
        hint: 'Give the model from which it was trained as --ref, or a reward model as --model.',
      });
    const skips = skippedRows(values.onError);
    const all = await readComparisons(withSplit(data, split), context, skips.onError);
    const comparisons = all.slice(0, limit);
    await offerEngine(values, context);
    const command = { name: 'eval rewards', options };
    const facts = async () => ({ 'the data': comparisons });
    await withWorkers(command, values, context.cluster, context, facts, async (work) => {
      const scores = await (isScorer ? scorerScores : implicitRewards)(work, comparisons, values, context);
      skips.report(context);
      const withRewards = withScores(comparisons, scores);
      const report = rewardReport(withRewards);
      const ties = tiesScore(withRewards);
      if (json) context.out(JSON.stringify(rewardFigures(report, ties), null, 2));
      else for (const line of rewardLines(report, ties)) context.out(line);
    });
    return 0;
  },
});

async function scorerScores(
  { engine, collective }: SharedWork,
  comparisons: readonly Comparison[],
  { model, maxLength, eos }: Options,
  context: Context,
): Promise<number[][]> {
  const scorer = await openScorer(engine, model, context, { maxLength, eos });
  return scorer.score(comparisons, { ...progressOf(model, context), collective });
}

/** β (log π − log π_ref) of each answer. The models are opened one after the other, so that one at a time is in memory. */
async function implicitRewards(
  { engine, collective }: SharedWork,
  comparisons: readonly Comparison[],
  { model, ref, beta, maxLength, eos }: Options,
  context: Context,
): Promise<number[][]> {
  const score = async (name: string, policyTokenizer?: ModelTokenizer) => {
    const { model: scoring, tokenizer: ownTokenizer } = await openModel(engine, name, context);
    const tokenizer = policyTokenizer ?? ownTokenizer;
    const groups = encodeGroups(comparisons, tokenizer, {
      maxLength: Math.min(maxLength, scoring.maxPositions),
      eos,
    });
    const { truncatedRows } = cutSummary(groups);
    if (truncatedRows > 0) context.note(`${truncatedRows} of ${groups.length} rows were cut to the longest length.`);
    const logps = await sequenceLogps(scoring, groups, { ...progressOf(name, context), collective });
    scoring.dispose();
    return { logps, tokenizer };
  };
  const policy = await score(model);
  // The reference scores the policy's tokens, whatever template lies beside the reference.
  const reference = await score(ref as string, policy.tokenizer);
  return policy.logps.map((logps, i) => logps.map((logp, a) => beta * (logp - (reference.logps[i]?.[a] as number))));
}

function progressOf(name: string, context: Context) {
  return {
    signal: context.signal,
    onProgress: (done: number, total: number) => context.progress(`Scoring with ${name}: ${done}/${total} rows`),
  };
}
