import { DpoError } from '@dpo/base';
import { ktoMethod, type Method, methodNames, plackettLuceMethod, rowLosses, withWeights } from '@dpo/core';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { presets, trainingOptions } from '../options/training.js';
import { place } from '../places/role.js';
import { runTrainingCommand } from '../training/command.js';
import { dpoReference } from '../training/dpo-reference.js';
import { nothingSavedNote } from '../training/interruption.js';
import { checkForPairs, pairMethod } from '../training/pair-method.js';
import { answerRows, type EncodedRow, pairRows, type RowKind, rankingRows } from '../training/row-kinds.js';

/** `dpo train`: preference optimisation, DPO unless told otherwise. */
export const trainCommand = defineCommand({
  name: 'train',
  summary: 'Train a model on preference pairs',
  options: z.strictObject({
    ...trainingOptions,
    preset: z
      .enum(['paper'])
      .optional()
      .describe("Start from a named set of options: paper = the DPO paper's settings"),
    ref: place('input-model')
      .optional()
      .describe('The reference model [the model as it is before training, a given adapter included]'),
    method: z
      .enum([...methodNames, ...(Object.keys(rowLosses) as (keyof typeof rowLosses)[])] as [string, ...string[]])
      .default('dpo')
      .describe('Loss; kto takes rows of prompt, completion, label, and plackett-luce of prompt, responses, scores'),
    lossType: z.array(z.string()).optional().describe('Several losses of pairs in place of --method, such as dpo,sft'),
    lossWeights: z.array(z.coerce.number()).optional().describe('Their weights in the sum, such as 1,0.2 [all 1]'),
    beta: z.number().positive().default(0.1).describe('How strongly the model is held to the reference'),
    labelSmoothing: z.number().min(0).lt(0.5).default(0).describe('Share of pairs believed to be swapped'),
    weight: z
      .number()
      .optional()
      .describe("Weight of the loss's second term: rpo, cpo, orpo, dpop, unlikelihood [the method's own]"),
    alpha: z.number().gt(0).lt(1).optional().describe('α of dpo-alpha [0.5]'),
    temperature: z.number().gt(0).lt(1).optional().describe('τ of discopop [0.05]'),
    targetMargin: z.number().min(0).optional().describe('γ of simpo [1]'),
    desirableWeight: z.number().min(0).default(1).describe('Weight of desirable answers: kto'),
    undesirableWeight: z.number().min(0).default(1).describe('Weight of undesirable answers: kto'),
    rowMargins: z
      .boolean()
      .default(false)
      .describe('Asks of each pair for the margin in its column margin: dpo, hinge'),
    rowWeights: z.boolean().default(false).describe("Multiplies each row's loss by its column weight"),
    ldAlpha: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('LD-DPO: weight of what the longer answer has beyond the other one [1]'),
    wpo: z.boolean().default(false).describe('WPO: weighs each pair by how likely the policy is to write its answers'),
    refSyncSteps: z
      .int()
      .positive()
      .optional()
      .describe('TR-DPO: the reference follows the policy, every so many steps'),
    refMixupAlpha: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe("TR-DPO: the policy's share in the new reference, 1 to copy it [0.6]"),
    evalSamples: z
      .int()
      .min(2)
      .optional()
      .describe('Answers N held-out prompts at each evaluation: samples, and their KL to the reference'),
    evalSampleTokens: z.int().positive().default(64).describe('Longest of these answers, in tokens'),
    precomputeReference: z
      .boolean()
      .default(false)
      .describe('Computes reference log-probabilities once, before training: leaner, and faster from the second epoch'),
  }),
  presets,
  whenInterrupted: nothingSavedNote,
  details: 'Example: dpo train --model ./my-model --data pairs.jsonl --output runs/first --learning-rate 5e-6',
  run: (options, context) => {
    const { beta, desirableWeight, undesirableWeight, rowMargins } = options;
    if (options.evalSamples !== undefined && (options.evalData === undefined || options.precomputeReference))
      throw new DpoError('cli.usage', '--eval-samples needs --eval-data, and a reference that is not precomputed.');
    const start = <Given, Row extends EncodedRow>(rows: RowKind<Given, Row>, plain: Method<Row>) => {
      const method = options.rowWeights ? withWeights(plain) : plain;
      if (options.refSyncSteps !== undefined && method.needs.reference === undefined)
        throw new DpoError('cli.usage', `${method.name} has no reference that --ref-sync-steps could move.`);
      return runTrainingCommand(
        {
          ...{ name: 'train', options, rows, method },
          needs: [...(rowMargins ? (['margin'] as const) : []), ...(options.rowWeights ? (['weight'] as const) : [])],
          draw:
            options.evalSamples === undefined
              ? undefined
              : { count: options.evalSamples, maxNewTokens: options.evalSampleTokens, seed: options.seed },
          beta: method.needs.reference === undefined ? undefined : beta,
          reference: (opened) => dpoReference(options, method, opened, context),
        },
        context,
      );
    };
    checkForPairs(options);
    checkMoving(options);
    if (options.lossType !== undefined) return start(pairRows, pairMethod(options));
    if (options.method === 'kto') return start(answerRows, ktoMethod({ beta, desirableWeight, undesirableWeight }));
    if (options.method === 'plackett-luce') return start(rankingRows, plackettLuceMethod({ beta }));
    return start(pairRows, pairMethod(options));
  },
});

/** A reference that follows the policy starts as the policy, and has no numbers from before. */
function checkMoving(options: {
  readonly ref?: string | undefined;
  readonly refSyncSteps?: number | undefined;
  readonly refMixupAlpha?: number | undefined;
  readonly precomputeReference: boolean;
  readonly evalSamples?: number | undefined;
}): void {
  if (options.refSyncSteps === undefined) {
    if (options.refMixupAlpha === undefined) return;
    throw new DpoError('cli.usage', '--ref-mixup-alpha is about a reference that moves: it needs --ref-sync-steps.');
  }
  const against = {
    '--ref': options.ref !== undefined,
    '--precompute-reference': options.precomputeReference,
    '--eval-samples': options.evalSamples !== undefined,
  };
  for (const [option, is] of Object.entries(against))
    if (is) throw new DpoError('cli.usage', `${option} needs a reference that stays: leave out --ref-sync-steps.`);
}
