import { z } from 'zod';
import { type Condition, option, place } from './option.js';
import { trainingOptions } from './training-options.js';

const only = (key: string, ...methods: readonly string[]): { readonly needs: readonly Condition[] } => ({
  needs: [{ any: ['method'], is: methods, says: `{${key}} is for ${methods.join(' and ')}, not {=method}.` }],
});

const { model, output, config, optimizer, momentum, weightDecay, schedule, warmupSteps } = trainingOptions;
const { activationCheckpointing, maxSteps, maxPromptLength, adapter, loraRank, loraAlpha, loraTargets } =
  trainingOptions;
const { rslora, dora, loraBRatio, embeddingRatio, loraSaveModules, shuffle, seed, saveSteps, maxTime } =
  trainingOptions;
const { keepCheckpoints, tensorboard, resume, resumeFrom, overwrite } = trainingOptions;
const { engine, precision, threads, device, memoryLimit, xla, tf32 } = trainingOptions;

/** The options of training on what the policy itself writes. */
export const rlOptions = z.strictObject({
  model,
  data: option(place('input'), 'Prompts, one JSON object to a line: {"prompt": "…"}; other keys are left aside', {
    onResume: 'name',
    onCard: false,
  }),
  reward: option(
    place('input'),
    'What answers are worth: vader, a reward model, or FILE.mjs whose default export is (prompt, answers) => Promise<number[]>',
    { onResume: 'name' },
  ),
  output,
  config,
  method: option(
    z.enum(['rloo', 'ppo', 'grpo', 'reinforce', 'online-dpo', 'rejection-sampling']).default('rloo'),
    'What is made of rewards',
  ),
  ref: option(
    place('input-model').optional(),
    'The reference model [the model as it is before training, a given adapter included]',
    { onResume: 'name', onCard: false },
  ),
  beta: option(z.number().min(0).default(0.05), 'How strongly the model is held to the reference', {
    ...only('beta', 'rloo', 'ppo', 'grpo', 'reinforce', 'online-dpo'),
  }),
  klTarget: option(
    z.number().positive().optional(),
    'Steers beta to so many nats an answer (adaptive KL); without it beta stays',
    {
      ...only('klTarget', 'rloo', 'ppo', 'grpo', 'reinforce'),
      excludes: [
        { any: ['beta'], is: [0], says: '{klTarget} steers {beta} by factors, so that a {beta} of 0 stays 0.' },
      ],
    },
  ),
  klHorizon: option(
    z.number().min(1).default(40),
    'Batches in which an adaptive beta changes by at most about a fifth',
    {
      needs: [{ any: ['klTarget'], says: '{klHorizon} is about a beta that is steered: it needs {klTarget}.' }],
    },
  ),
  promptsPerBatch: option(z.int().positive().default(16), 'Prompts that are answered with the same weights'),
  samples: option(z.int().positive().default(4), 'Answers to each of them'),
  maxNewTokens: option(z.int().positive().default(64), 'Longest answer, in tokens'),
  iterations: option(z.int().positive().optional(), 'How often a batch of answers is gone through [ppo 4, others 1]'),
  minibatches: option(z.int().positive().default(1), 'Updates to go through it once'),
  endPenalty: option(z.number().optional(), 'Taken from the reward of an answer that was cut off', {
    excludes: [{ any: ['endScore'], says: '{endPenalty} and {endScore} are two ways of one thing: give one of them.' }],
  }),
  endScore: option(z.number().optional(), 'The reward of an answer that was cut off, whatever the reward says'),
  rewardSeconds: option(
    z.number().positive().optional(),
    'How many seconds the rewards of a batch may take [60; a reward model 600]',
    { onResume: 'free' },
  ),
  clip: option(z.number().positive().lt(1).default(0.2), 'How far ratios of probabilities count from 1', {
    ...only('clip', 'rloo', 'ppo', 'grpo', 'reinforce'),
  }),
  clipHigh: option(z.number().positive().optional(), 'The same above 1 (DAPO: 0.28) [--clip]', {
    ...only('clipHigh', 'rloo', 'ppo', 'grpo', 'reinforce'),
  }),
  maxRatio: option(z.number().positive().default(10), 'Updates with a mean ratio above are left out', {
    ...only('maxRatio', 'rloo', 'ppo', 'grpo', 'reinforce'),
  }),
  normaliseAdvantages: option(z.boolean().default(false), 'Scales advantages of a batch to deviation 1', {
    ...only('normaliseAdvantages', 'rloo'),
  }),
  scaleRewards: option(
    z.enum(['group', 'batch', 'none']).default('group'),
    'What advantages are divided by: the deviation of their group, of the batch, or nothing (dr-GRPO)',
    { ...only('scaleRewards', 'grpo') },
  ),
  lossType: option(
    z.enum(['grpo', 'dr_grpo', 'dapo']).default('grpo'),
    'What a token counts: within its answer, within the longest answer, or as all tokens of the batch',
    { ...only('lossType', 'grpo') },
  ),
  klIn: option(
    z.enum(['loss', 'reward']).default('loss'),
    'Where the penalty stands: in the loss (k3), or in the reward (k1)',
    { ...only('klIn', 'grpo') },
  ),
  valueWeight: option(z.number().min(0).default(0.1), 'Weight of the value loss', { ...only('valueWeight', 'ppo') }),
  valueClip: option(z.number().positive().default(0.2), 'How far values count from what they were', {
    ...only('valueClip', 'ppo'),
  }),
  lambda: option(z.number().min(0).max(1).default(0.95), 'λ of generalised advantage estimation', {
    ...only('lambda', 'ppo'),
  }),
  learningRate: option(z.number().positive().default(1e-5), 'Learning rate after warm-up'),
  optimizer,
  adamEpsilon: option(
    z.number().min(0).default(1e-5),
    'ε of adamw; ppo has it outside the bias correction, as TensorFlow',
    {
      needs: [{ any: ['optimizer'], is: ['adamw'], says: '{adamEpsilon} is for adamw, not {=optimizer}.' }],
    },
  ),
  momentum,
  weightDecay,
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
  loraBRatio,
  embeddingRatio,
  loraSaveModules,
  shuffle,
  seed,
  saveSteps,
  evalData: option(place('input').optional(), 'Held-out prompts', { onResume: 'free', onCard: false }),
  evalSteps: option(z.int().positive().optional(), 'Answers them every N steps, and at the end', {
    onResume: 'free',
    needs: [{ any: ['evalData'], says: '{evalSteps} needs {evalData} to judge by.' }],
  }),
  maxTime,
  keepCheckpoints,
  tensorboard,
  resume,
  resumeFrom,
  overwrite,
  ...{ engine, precision, threads, device, memoryLimit, xla, tf32 },
});
