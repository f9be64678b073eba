import { DpoError } from '@dpo/base';
import {
  ktoMethod,
  type Method,
  methodNamed,
  methodNames,
  plackettLuceMethod,
  rowLosses,
  type TokenRow,
  withWeights,
} from '@dpo/core';
import type { RowCuts } from '@dpo/data';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { presets, trainingOptions } from '../options/training.js';
import { runTrainingCommand } from '../training/command.js';
import { dpoReference } from '../training/dpo-reference.js';
import { methodOfLossTypes } from '../training/loss-types.js';
import { answerRows, pairRows, type RowKind, rankingRows } from '../training/row-kinds.js';

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
    ref: z.string().optional().describe('The reference model [the model as it is before training]'),
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
    targetMargin: z.number().min(0).optional().describe('γ of simpo [1]'),
    desirableWeight: z.number().min(0).default(1).describe('Weight of desirable answers: kto'),
    undesirableWeight: z.number().min(0).default(1).describe('Weight of undesirable answers: kto'),
    rowMargins: z
      .boolean()
      .default(false)
      .describe('Asks of each pair for the margin in its column margin: dpo, hinge'),
    rowWeights: z.boolean().default(false).describe("Multiplies each row's loss by its column weight"),
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
  details: 'Example: dpo train --model ./my-model --data pairs.jsonl --output runs/first --learning-rate 5e-6',
  run: (options, context) => {
    const { beta, desirableWeight, undesirableWeight, rowMargins: readMargin } = options;
    if (options.evalSamples !== undefined && (options.evalData === undefined || options.precomputeReference))
      throw new DpoError('cli.usage', '--eval-samples needs --eval-data, and a reference that is not precomputed.');
    const start = <Given, Row extends TokenRow & RowCuts>(rows: RowKind<Given, Row>, plain: Method<Row>) => {
      const method = options.rowWeights ? withWeights(plain) : plain;
      return runTrainingCommand(
        {
          ...{ name: 'train', options, rows, method },
          needs: [...(readMargin ? (['margin'] as const) : []), ...(options.rowWeights ? (['weight'] as const) : [])],
          draw:
            options.evalSamples === undefined
              ? undefined
              : { count: options.evalSamples, maxNewTokens: options.evalSampleTokens, seed: options.seed },
          beta: method.needsReference ? beta : undefined,
          reference: (opened) => dpoReference(options, method, opened, context),
        },
        context,
      );
    };
    if (readMargin && Object.hasOwn(rowLosses, options.method))
      throw new DpoError('cli.usage', `--row-margins is about pairs, which ${options.method} does not take.`);
    const sum = methodOfLossTypes(options, { ...options, readMargin });
    if (sum !== undefined) return start(pairRows, sum);
    if (options.method === 'kto') return start(answerRows, ktoMethod({ beta, desirableWeight, undesirableWeight }));
    if (options.method === 'plackett-luce') return start(rankingRows, plackettLuceMethod({ beta }));
    // DPO with label smoothing is cDPO.
    const name = options.method === 'dpo' && options.labelSmoothing > 0 ? 'cdpo' : options.method;
    return start(pairRows, methodNamed(name, { ...options, readMargin }));
  },
});
