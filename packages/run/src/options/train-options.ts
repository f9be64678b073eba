import { methodNames, rowLosses } from '@dpo/core';
import { z } from 'zod';
import { type Condition, option, place } from './option.js';
import { trainingOptions } from './training-options.js';

const rowMethods = Object.keys(rowLosses) as (keyof typeof rowLosses)[];

/** Excludes methods that take other rows than pairs. */
const ofPairs = (key: string): Condition => ({
  any: ['method'],
  is: rowMethods,
  says: `{${key}} is about pairs, which {=method} does not take.`,
});
/** Excludes a reference that moves. */
const referenceThatStays = (key: string): Condition => ({
  any: ['refSyncSteps'],
  says: `{${key}} needs a reference that stays: leave out {refSyncSteps}.`,
});

/** The options of preference optimisation. */
export const trainOptions = z.strictObject({
  ...trainingOptions,
  preset: option(z.enum(['paper']).optional(), "Start from a named set of options: paper = the DPO paper's settings"),
  ref: option(
    place('input-model').optional(),
    'The reference model [the model as it is before training, a given adapter included]',
    { onResume: 'name', onCard: false, excludes: [referenceThatStays('ref')] },
  ),
  method: option(
    z.enum([...methodNames, ...rowMethods] as [string, ...string[]]).default('dpo'),
    'Loss; kto takes rows of prompt, completion, label, and plackett-luce of prompt, responses, scores',
  ),
  lossType: option(z.array(z.string()).optional(), 'Several losses of pairs in place of --method, such as dpo,sft', {
    excludes: [
      {
        any: ['method'],
        says: '{lossType} names the losses in place of {method} {=method}: give one of them.',
      },
    ],
  }),
  lossWeights: option(
    z.array(z.coerce.number()).optional(),
    'Weights of these losses in the sum, such as 1,0.2 [all 1]',
    {
      needs: [
        { any: ['lossType'], says: '{lossWeights} are weights of the losses of {lossType}, which is not given.' },
      ],
      excludes: [ofPairs('lossWeights')],
    },
  ),
  beta: option(z.number().positive().default(0.1), 'How strongly the model is held to the reference'),
  labelSmoothing: option(z.number().min(0).lt(0.5).default(0), 'Share of pairs believed to be swapped'),
  weight: option(
    z.number().optional(),
    "Weight of the loss's second term: rpo, cpo, orpo, dpop, unlikelihood [the method's own]",
  ),
  alpha: option(z.number().gt(0).lt(1).optional(), 'α of dpo-alpha [0.5]'),
  temperature: option(z.number().gt(0).lt(1).optional(), 'τ of discopop [0.05]'),
  targetMargin: option(z.number().min(0).optional(), 'γ of simpo [1]'),
  desirableWeight: option(z.number().min(0).default(1), 'Weight of desirable answers: kto'),
  undesirableWeight: option(z.number().min(0).default(1), 'Weight of undesirable answers: kto'),
  rowMargins: option(
    z.boolean().default(false),
    'Takes the margin that each pair should reach from the column margin: dpo, hinge',
    {
      excludes: [ofPairs('rowMargins')],
    },
  ),
  rowWeights: option(z.boolean().default(false), "Multiplies each row's loss by its column weight"),
  ldAlpha: option(
    z.number().min(0).max(1).optional(),
    'LD-DPO: weight of the tokens by which the longer answer exceeds the shorter one [1]',
    { excludes: [ofPairs('ldAlpha')] },
  ),
  wpo: option(z.boolean().default(false), 'WPO: weighs each pair by how likely the policy is to write its answers', {
    excludes: [ofPairs('wpo')],
  }),
  refSyncSteps: option(z.int().positive().optional(), 'TR-DPO: the reference follows the policy every N steps'),
  refMixupAlpha: option(
    z.number().gt(0).max(1).optional(),
    "TR-DPO: the policy's share in the new reference, 1 to copy it [0.6]",
    {
      needs: [
        {
          any: ['refSyncSteps'],
          says: '{refMixupAlpha} is about a reference that moves: it needs {refSyncSteps}.',
        },
      ],
    },
  ),
  evalSamples: option(
    z.int().min(2).optional(),
    'Answers N held-out prompts at each evaluation: samples, and their KL to the reference',
    {
      onResume: 'free',
      needs: [{ any: ['evalData'], says: '{evalSamples} needs {evalData}, and a reference that is not precomputed.' }],
      excludes: [
        {
          any: ['precomputeReference'],
          says: '{evalSamples} needs {evalData}, and a reference that is not precomputed.',
        },
        referenceThatStays('evalSamples'),
      ],
    },
  ),
  evalSampleTokens: option(z.int().positive().default(64), 'Longest answer of --eval-samples, in tokens', {
    onResume: 'free',
  }),
  precomputeReference: option(
    z.boolean().default(false),
    'Computes reference log-probabilities once, before training: leaner, and faster from the second epoch',
    { excludes: [referenceThatStays('precomputeReference')] },
  ),
});

/** The paper's settings for DPO (arXiv 2305.18290, appendix B): what `--preset paper` sets. */
export const presets: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  paper: {
    beta: 0.1,
    batchSize: 64,
    optimizer: 'rmsprop',
    learningRate: 1e-6,
    warmupSteps: 150,
    schedule: 'constant',
    maxGradNorm: 10,
  },
};
