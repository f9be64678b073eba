import { writeFile } from 'node:fs/promises';
import { writeFileAtomic } from '@dpo/base/files';
import { countEndless, sequenceLogps } from '@dpo/core';
import { type EncodedPair, encodePairs, type PreferenceDataset, pack, pairGroup, type RowOrigin } from '@dpo/data';
import type { ModelTokenizer } from '@dpo/models';
import {
  encodeFor,
  engineOptions,
  type LengthOptions,
  onErrorOption,
  openData,
  openModel,
  place,
  type SharedWork,
  type SkippedRows,
  skippedRows,
  withSplit,
  withWorkers,
} from '@dpo/run/command-line';
import { z } from 'zod';
import { type Context, defineCommand } from '../command/define.js';
import { offerEngine } from '../session/offer-engine.js';

const scoreOptions = z.strictObject({
  model: place('input-model').describe('The policy: a folder, a GGUF file, a PEFT folder, or org/name of the hub'),
  ref: place('input-model').optional().describe('The reference model; without it there are no rewards'),
  data: place('input').describe(
    'Preference data: a file, a folder of files or of Python datasets, or org/name[:split] of the hub',
  ),
  split: z.string().optional().describe('Which split of --data [train]'),
  onError: onErrorOption,
  out: place('output-file').optional().describe('The JSONL file to write [standard output]'),
  config: place('input').optional().describe('A JSON file of these options'),
  beta: z.number().positive().default(0.1).describe('Scale of the implicit rewards'),
  maxLength: z.int().positive().optional().describe('Longest prompt and answer together, in tokens'),
  maxPromptLength: z.int().positive().optional().describe('Longest prompt, in tokens; its end is kept'),
  eos: z.boolean().default(true).describe('Ends answers with the end-of-text token; off for texts that were cut off'),
  ...engineOptions,
});

/** `dpo score`: log-probabilities, implicit rewards and margins of preference pairs. */
export const scoreCommand = defineCommand({
  name: 'score',
  summary: 'Log-probabilities and rewards of preference pairs under a model',
  options: scoreOptions,
  sharesWork: true,
  run: async (options, context) => {
    const skips = skippedRows(options.onError);
    const { onError } = skips;
    const dataset = await openData(withSplit(options.data, options.split), context, { onError });
    await offerEngine(options, context);
    const command = { name: 'score', options: scoreOptions };
    const facts = async () => ({ 'the data': await dataset.fingerprintInPieces(context.signal) });
    await withWorkers(command, options, context.cluster, context, facts, async (work) => {
      const score = async (name: string, tokenizer?: ModelTokenizer) =>
        scorePairs(work, { name, tokenizer, onError }, dataset, options, context);
      const policy = await score(options.model);
      const ends = options.eos ? endNote(policy) : undefined;
      if (ends !== undefined) context.note(ends);
      // The reference scores the policy's tokens, whatever template lies beside the reference.
      const reference = options.ref === undefined ? undefined : await score(options.ref, policy.tokenizer);
      const lines = policy.pairs.map((pair, i) => {
        // Scores are joined with the file by the number of the file's row, which counts rows that were left out.
        const index = dataset.numberOf?.(pair.row) ?? pair.row;
        return JSON.stringify({ index, ...scoreLine(pair, policy.logps[i], reference?.logps[i], options.beta) });
      });
      skips.report(context);
      if (!work.leads) return;
      if (options.out === undefined) for (const line of lines) context.out(line);
      else {
        await writeFileAtomic(options.out, (path) => writeFile(path, `${lines.join('\n')}\n`));
        context.note(`Wrote ${lines.length} scores to ${options.out}.`);
      }
    });
    return 0;
  },
});

/** Pairs in tokens, and the log-probabilities of their answers. */
interface PairScores {
  readonly pairs: readonly (EncodedPair & RowOrigin<'chosen' | 'rejected'>)[];
  readonly logps: readonly (readonly number[])[];
  readonly tokenizer: ModelTokenizer;
}

/** Scores pairs by one model, and frees the model. */
async function scorePairs(
  { engine, collective }: SharedWork,
  {
    name,
    tokenizer: policyTokenizer,
    onError,
  }: {
    readonly name: string;
    /** The policy's tokenizer, for the reference. Default: the model's own. */
    readonly tokenizer: ModelTokenizer | undefined;
    readonly onError: SkippedRows['onError'];
  },
  dataset: PreferenceDataset,
  options: LengthOptions,
  context: Context,
): Promise<PairScores> {
  const { model, tokenizer: ownTokenizer } = await openModel(engine, name, context);
  const tokenizer = policyTokenizer ?? ownTokenizer;
  const pairs = await encodeFor({ model, tokenizer }, dataset, encodePairs, options, context, onError);
  const logps = await sequenceLogps(model, pairs.map(pairGroup), {
    ...{ pack, collective, signal: context.signal },
    onProgress: (done, total) => context.progress(`Scoring with ${name}: ${done}/${total} pairs`),
  });
  model.dispose();
  return { pairs, logps, tokenizer };
}

/** A note when most answers end in no end token, as answers of a template without an end token do. */
function endNote({ pairs, tokenizer: { endTokenIds: ends } }: PairScores): string | undefined {
  const answers = pairs.flatMap(({ chosen, rejected, cut }) => [
    { tokens: chosen, cut: cut.chosen },
    { tokens: rejected, cut: cut.rejected },
  ]);
  const { whole, endless } = countEndless(answers, ends);
  if (2 * endless <= whole) return undefined;
  const why = ends.length === 0 ? 'neither the tokenizer nor the model names one' : `these are ${ends.join(', ')}`;
  return `${endless} of ${whole} whole answers end in no end token (${why}): the scores say nothing of their ends.`;
}

function scoreLine(
  pair: EncodedPair,
  policy: readonly number[] | undefined,
  reference: readonly number[] | undefined,
  beta: number,
): Record<string, number> {
  const [policyChosenLogp, policyRejectedLogp] = policy as [number, number];
  const tokens = { chosenTokens: pair.chosen.length, rejectedTokens: pair.rejected.length };
  if (reference === undefined) return { policyChosenLogp, policyRejectedLogp, ...tokens };
  const [referenceChosenLogp, referenceRejectedLogp] = reference as [number, number];
  const rewardChosen = beta * (policyChosenLogp - referenceChosenLogp);
  const rewardRejected = beta * (policyRejectedLogp - referenceRejectedLogp);
  return {
    policyChosenLogp,
    policyRejectedLogp,
    referenceChosenLogp,
    referenceRejectedLogp,
    rewardChosen,
    rewardRejected,
    margin: rewardChosen - rewardRejected,
    ...tokens,
  };
}
