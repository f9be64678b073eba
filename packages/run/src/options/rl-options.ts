import { z } from 'zod';
import { type Condition, option, place } from './option.js';
import { stopSchema } from './stop-option.js';
import { trainingOptions } from './training-options.js';

const only = (key: string, ...methods: readonly string[]): { readonly needs: readonly Condition[] } => ({
  needs: [{ any: ['method'], is: methods, says: `{${key}} is for ${methods.join(' and ')}, not {=method}.` }],
});

const { model, output, config, optimizer, momentum, weightDecay, schedule, warmupSteps } = trainingOptions;
const { activationCheckpointing, maxSteps, maxPromptLength, adapter, loraRank, loraAlpha, loraTargets } =
  trainingOptions;
const { rslora, dora, baseDtype, loraBRatio, embeddingRatio, loraSaveModules, shuffle, seed, saveSteps, maxTime } =
  trainingOptions;
const { shardOptimizer, keepCheckpoints, tensorboard, resume, resumeFrom, overwrite } = trainingOptions;
const { engine, precision, threads, device, memoryLimit, xla, tf32 } = trainingOptions;

/** The options of `dpo rl`, which trains a model on its own answers. */
export const rlOptions = z.strictObject({
  model,
  data: option(place('input'), 'Prompts, one JSON object to a line: {"prompt": "…"}; other keys are ignored', {
    onResume: 'name',
    onCard: false,
  }),
  reward: option(
    place('input'),
    'The reward of answers: vader, a reward model, or FILE.mjs whose default export is (prompt, answers) => Promise<number[]>',
    { onResume: 'name' },
  ),
  output,
  config,
  method: option(
    z.enum(['rloo', 'ppo', 'grpo', 'reinforce', 'online-dpo', 'rejection-sampling']).default('rloo'),
    'The method, which turns rewards into a loss',
  ),
  ref: option(
    place('input-model').optional(),
    'The reference model [the model before training, with its adapter if one is given]',
    { onResume: 'name', onCard: false },
  ),
  beta: option(z.number().min(0).default(0.05), 'How strongly the model is kept close to the reference', {
    ...only('beta', 'rloo', 'ppo', 'grpo', 'reinforce', 'online-dpo'),
  }),
  klTarget: option(
    z.number().positive().optional(),
    'Changes beta until the KL is this many nats an answer (adaptive KL); without it beta stays',
    {
      ...only('klTarget', 'rloo', 'ppo', 'grpo', 'reinforce'),
      excludes: [
        { any: ['beta'], is: [0], says: '{klTarget} steers {beta} by factors, so that a {beta} of 0 stays 0.' },
      ],
    },
  ),
  klHorizon: option(
    z.number().min(1).default(40),
    'Batches within which an adaptive beta changes by at most about a fifth',
    {
      needs: [{ any: ['klTarget'], says: '{klHorizon} is about an adaptive beta: it needs {klTarget}.' }],
    },
  ),
  promptsPerBatch: option(z.int().positive().default(16), 'Prompts of a batch, all answered with the same weights'),
  samples: option(z.int().positive().default(4), 'Answers to each prompt'),
  maxNewTokens: option(z.int().positive().default(64), 'Longest answer, in tokens'),
  stop: option(
    stopSchema,
    'Ends an answer with this text, which the reward does not see; \\n in the text is a line break',
  ),
  iterations: option(z.int().positive().optional(), 'Passes over each batch of answers [ppo 4, others 1]'),
  minibatches: option(z.int().positive().default(1), 'Updates of each pass over a batch'),
  endPenalty: option(z.number().optional(), 'Number that is subtracted from the reward of an answer that was cut off', {
    excludes: [
      {
        any: ['endScore'],
        says: '{endPenalty} and {endScore} both change the reward of an answer that was cut off: give one of them.',
      },
    ],
  }),
  endScore: option(z.number().optional(), 'The reward of every answer that was cut off, in place of its own'),
  rewardSeconds: option(
    z.number().positive().optional(),
    'Most seconds that the rewards of a batch may take [60; a reward model 600]',
    { onResume: 'free' },
  ),
  clip: option(z.number().positive().lt(1).default(0.2), 'How far from 1 a ratio of probabilities counts', {
    ...only('clip', 'rloo', 'ppo', 'grpo', 'reinforce'),
  }),
  clipHigh: option(z.number().positive().optional(), 'How far above 1 a ratio counts (DAPO: 0.28) [--clip]', {
    ...only('clipHigh', 'rloo', 'ppo', 'grpo', 'reinforce'),
  }),
  maxRatio: option(z.number().positive().default(10), 'Updates whose mean ratio is higher are left out', {
    ...only('maxRatio', 'rloo', 'ppo', 'grpo', 'reinforce'),
  }),
  normaliseAdvantages: option(
    z.boolean().default(false),
    'Scales the advantages of a batch to a standard deviation of 1',
    {
      ...only('normaliseAdvantages', 'rloo'),
    },
  ),
  scaleRewards: option(
    z.enum(['group', 'batch', 'none']).default('group'),
    'What advantages are divided by: the standard deviation of their group or of the batch, or nothing (dr-GRPO)',
    { ...only('scaleRewards', 'grpo') },
  ),
  lossType: option(
    z.enum(['grpo', 'dr_grpo', 'dapo']).default('grpo'),
    'The weight of a token in the loss: 1 / tokens of its answer, 1 / max-new-tokens, or 1 / tokens of the batch',
    { ...only('lossType', 'grpo') },
  ),
  klIn: option(
    z.enum(['loss', 'reward']).default('loss'),
    'Where the KL penalty is: in the loss (k3), or in the reward (k1)',
    { ...only('klIn', 'grpo') },
  ),
  valueWeight: option(z.number().min(0).default(0.1), 'Weight of the value loss', { ...only('valueWeight', 'ppo') }),
  valueClip: option(
    z.number().positive().default(0.2),
    'How far a value counts from its value when the batch was drawn',
    {
      ...only('valueClip', 'ppo'),
    },
  ),
  lambda: option(z.number().min(0).max(1).default(0.95), 'λ of generalised advantage estimation', {
    ...only('lambda', 'ppo'),
  }),
  learningRate: option(z.number().positive().default(1e-5), 'Learning rate after warm-up'),
  optimizer,
  adamEpsilon: option(
    z.number().min(0).default(1e-5),
    'ε of adamw; in ppo outside the bias correction, as in TensorFlow',
    {
      needs: [{ any: ['optimizer'], is: ['adamw'], says: '{adamEpsilon} is for adamw, not {=optimizer}.' }],
    },
  ),
  momentum,
  weightDecay,
  shardOptimizer,
  maxGradNorm: option(z.number().positive().default(1), 'Clips the gradient at this global norm'),
  schedule,
  warmupSteps,
  activationCheckpointing,
  maxSteps,
  epochs: option(z.number().positive().default(1), 'Passes over the prompts', { onResume: 'length' }),
  maxPromptLength,
  adapter,
  loraRank,
  loraAlpha,
  loraTargets,
  rslora,
  dora,
  baseDtype,
  loraBRatio,
  embeddingRatio,
  loraSaveModules,
  shuffle,
  seed,
  saveSteps,
  evalData: option(place('input').optional(), 'Held-out prompts', { onResume: 'free', onCard: false }),
  evalSteps: option(z.int().positive().optional(), 'Answers the held-out prompts every N steps, and at the end', {
    onResume: 'free',
    needs: [{ any: ['evalData'], says: '{evalSteps} needs held-out prompts: give {evalData}.' }],
  }),
  maxTime,
  keepCheckpoints,
  tensorboard,
  resume,
  resumeFrom,
  overwrite,
  ...{ engine, precision, threads, device, memoryLimit, xla, tf32 },
});
