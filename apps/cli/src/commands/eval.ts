import { writeEvaluation, writeReport } from '@dpo/eval';
import {
  engineOptions,
  openModel,
  place,
  readPrompts,
  sampleTexts,
  header as sentimentHeader,
  withWorkers,
} from '@dpo/run/command-line';
import { z } from 'zod';
import { type Context, defineCommand } from '../command/define.js';
import { samplingOptions } from '../options/sampling.js';
import { offerEngine } from '../session/offer-engine.js';
import { evaluateSentiment } from '../tasks/evaluate-sentiment.js';
import { findReward } from '../tasks/text-reward.js';
import { evaluationLines } from '../ui/evaluation.js';

const sentimentOptions = z.strictObject({
  model: place('input-model').describe('The trained model'),
  ref: place('input-model').describe('The model from which --model was trained'),
  prompts: place('input').describe('A JSONL file of held-out prompts'),
  run: place('into-run').optional().describe('A run folder that gets evaluation.json and a new report.html'),
  reward: place('input')
    .default('vader')
    .describe('vader, a .mjs file that exports a function from texts to numbers, or the folder of a text classifier'),
  header: z.string().default(sentimentHeader).describe('Beginning of the prompts that the reward does not read'),
  beta: z.number().positive().default(0.1).describe('Scale of the implicit rewards'),
  json: z.boolean().default(false).describe('The evaluation as JSON on standard output'),
  ...samplingOptions,
  ...engineOptions,
});

/** `dpo eval sentiment`: reward and KL of a trained model beside its reference, on held-out prompts. */
export const evalSentimentCommand = defineCommand({
  name: 'eval sentiment',
  summary: 'Measure sentiment reward and KL of a model beside its reference',
  options: sentimentOptions,
  sharesWork: true,
  run: async (options, context) => {
    const prompts = await readPrompts(options.prompts, context);
    const openReward = await findReward(options.reward, context);
    await offerEngine(options, context);
    const command = { name: 'eval sentiment', options: sentimentOptions };
    const facts = async () => ({ 'the prompts': prompts });
    await withWorkers(command, options, context.cluster, context, facts, async ({ engine, collective, leads }) => {
      const reward = await openReward(engine);
      const reference = await openModel(engine, options.ref, context);
      const policy = await openModel(engine, options.model, context);
      if (options.temperature !== 1 || options.topP !== undefined || options.topK !== undefined)
        context.note(
          'The sampled KL is the KL only for texts that are drawn at temperature 1 from the whole vocabulary.',
        );
      const sample = ({ model, tokenizer }: typeof policy, name: string) =>
        sampleTexts(model, tokenizer, prompts, {
          ...{ ...options, collective, signal: context.signal },
          onProgress: (tokens) => context.progress(`Sampling from the ${name}: ${tokens} tokens`),
        });
      const evaluation = await evaluateSentiment({
        policy: policy.model,
        reference: reference.model,
        adapterOff: false,
        tokenizer: policy.tokenizer,
        before: await sample(reference, 'reference'),
        after: await sample(policy, 'policy'),
        header: options.header,
        reward,
        beta: options.beta,
        ...{ collective, signal: context.signal },
      });
      if (evaluation.after.exactKl === undefined)
        context.note(
          `Only the sampled KL is measured: the models predict from ${policy.model.vocabSize} and ${reference.model.vocabSize} tokens.`,
        );
      if (options.json) context.out(JSON.stringify(evaluation, null, 2));
      else for (const line of evaluationLines(evaluation)) context.out(line);
      if (options.run !== undefined && leads) await store(options.run, evaluation, context);
    });
    return 0;
  },
});

async function store(run: string, evaluation: Parameters<typeof writeEvaluation>[1], context: Context): Promise<void> {
  await writeEvaluation(run, evaluation);
  context.note(`Report: ${await writeReport(run)}`);
}
