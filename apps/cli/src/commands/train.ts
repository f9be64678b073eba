import { methodNamed, methodNames } from '@dpo/core';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { presets, trainingOptions } from '../options/training.js';
import { runTrainingCommand } from '../training/command.js';
import { dpoReference } from '../training/dpo-reference.js';

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
      .enum(methodNames as [string, ...string[]])
      .default('dpo')
      .describe('Loss'),
    beta: z.number().positive().default(0.1).describe('How strongly the model is held to the reference'),
    labelSmoothing: z.number().min(0).lt(0.5).default(0).describe('Share of pairs believed to be swapped'),
    weight: z
      .number()
      .optional()
      .describe("Weight of the loss's second term: rpo, cpo, orpo, dpop, unlikelihood [the method's own]"),
    alpha: z.number().gt(0).lt(1).optional().describe('α of dpo-alpha [0.5]'),
    targetMargin: z.number().min(0).optional().describe('γ of simpo [1]'),
    precomputeReference: z
      .boolean()
      .default(false)
      .describe('Computes reference log-probabilities once, before training: leaner, and faster from the second epoch'),
  }),
  presets,
  details: 'Example: dpo train --model ./my-model --data pairs.jsonl --output runs/first --learning-rate 5e-6',
  run: (options, context) => {
    // DPO with label smoothing is cDPO.
    const name = options.method === 'dpo' && options.labelSmoothing > 0 ? 'cdpo' : options.method;
    const method = methodNamed(name, options);
    const beta = method.needsReference ? options.beta : undefined;
    return runTrainingCommand(
      { name: 'train', options, method, beta, reference: (opened) => dpoReference(options, method, opened, context) },
      context,
    );
  },
});
