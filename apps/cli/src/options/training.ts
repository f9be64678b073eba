import { z } from 'zod';
import { place } from '../places/role.js';
import { onErrorOption } from '../session/skipped-rows.js';
import { engineOptions } from './engine.js';

/** The options that `dpo train` and `dpo sft` share. Their defaults are part of the interface: numbers depend on them. */
export const trainingOptions = {
  model: place('input-model').describe(
    'The model to train: a Hugging Face folder, a GGUF file, or org/name[@revision] of the hub',
  ),
  data: place('input').describe(
    'Preference data: .jsonl, .json, .csv, .tsv, .parquet, .arrow, a folder or pattern of such files, a folder of Python datasets, or org/name[@revision] of the hub; :split after folders and names of the hub',
  ),
  split: z.string().optional().describe('Which split of --data [train]'),
  onError: onErrorOption,
  output: place('output-run').describe('The run folder to write'),
  config: place('input').optional().describe('A JSON file of these options, in camelCase; the command line wins'),
  learningRate: z.number().positive().default(1e-6).describe('Learning rate after warm-up'),
  optimizer: z.enum(['adamw', 'rmsprop', 'sgd', 'lion', 'adafactor']).default('adamw').describe('Optimizer'),
  momentum: z.number().min(0).lt(1).default(0).describe('Momentum of sgd'),
  weightDecay: z.number().min(0).default(0).describe('Weight decay of matrices; that of adamw and lion is decoupled'),
  maxGradNorm: z.number().positive().default(10).describe('Clips the gradient at this global norm'),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('constant').describe('Learning rate after warm-up'),
  warmupSteps: z.int().min(0).default(0).describe('Steps of linear warm-up'),
  batchSize: z
    .int()
    .positive()
    .default(8)
    .describe('Pairs of a micro-batch; a step takes batch-size x grad-accumulation'),
  activationCheckpointing: z
    .boolean()
    .default(false)
    .describe('Computes layers again for their gradients: less memory, a third more time'),
  gradAccumulation: z.int().positive().default(1).describe('Micro-batches of a step'),
  maxSteps: z.int().positive().optional().describe('Steps to train; without it --epochs counts'),
  epochs: z.number().positive().default(1).describe('Passes over the data'),
  maxLength: z
    .int()
    .positive()
    .optional()
    .describe('Longest prompt and answer together, in tokens [what the model takes, at most 1024]'),
  maxPromptLength: z.int().positive().optional().describe('Longest prompt, in tokens; its end is kept'),
  eos: z.boolean().default(true).describe('Ends answers with the end-of-text token; off for texts that were cut off'),
  tokenCache: z.boolean().default(true).describe('Keeps tokens for the next run on the same data'),
  adapter: place('input-model')
    .optional()
    .describe('A PEFT LoRA folder to start from; in train the reference is base plus adapter as given'),
  loraRank: z.int().positive().optional().describe('Trains LoRA adapters of this rank instead of all weights'),
  loraAlpha: z.number().positive().optional().describe('LoRA scale is alpha / rank [2 x rank]'),
  loraTargets: z.array(z.string()).optional().describe('Layers that get adapters, by name [all linear layers]'),
  loraDropout: z.number().min(0).lt(1).default(0).describe('Part of the inputs that adapters leave out in training'),
  rslora: z.boolean().default(false).describe('LoRA scale is alpha / sqrt(rank) (arXiv 2312.03732)'),
  dora: z.boolean().default(false).describe('Learns a magnitude to each output as well (arXiv 2402.09353)'),
  loraBRatio: z
    .number()
    .positive()
    .default(1)
    .describe("Learning rate of LoRA's B matrices over that of A (LoRA+, arXiv 2402.12354, takes 16)"),
  embeddingRatio: z.number().min(0).default(1).describe('Learning rate of embeddings over that of other weights'),
  loraSaveModules: z.array(z.string()).optional().describe('Modules trained and saved in full beside the adapter'),
  shuffle: z
    .boolean()
    .default(true)
    .describe('Takes the rows in a new random order in each pass; off in the order of the file'),
  seed: z.int().default(0).describe('Seed of the order of the data and of new adapters'),
  saveSteps: z.int().positive().optional().describe('Writes a checkpoint every N steps'),
  evalData: place('input').optional().describe('Held-out preference data'),
  evalSplit: z.string().optional().describe('Which split of --eval-data [train]'),
  evalSteps: z.int().positive().optional().describe('Evaluates every N steps, and at the end'),
  evalMetric: z
    .enum(['eval_loss', 'eval_rewards/accuracies', 'eval_rewards/margins'])
    .default('eval_loss')
    .describe('What says which evaluation is best'),
  patience: z.int().positive().optional().describe('Ends the run after N evaluations that were not better'),
  minDelta: z.number().min(0).default(0).describe('By how much an evaluation must be better to count'),
  loadBest: z.boolean().default(false).describe('final/ gets the weights of the best evaluation, not the last ones'),
  maxTime: z
    .string()
    .regex(/^\d+(\.\d+)?[smh]$/, 'must be a number and s, m or h, such as 90m')
    .optional()
    .describe('Ends the run after this long, such as 90m or 2.5h'),
  keepCheckpoints: z.int().positive().default(2).describe('Checkpoints that are kept, besides the best'),
  tensorboard: z.boolean().default(true).describe('Writes TensorBoard events'),
  resume: z.boolean().default(false).describe('Goes on from the newest whole checkpoint in --output'),
  resumeFrom: place('inside-output').optional().describe('Goes on from this checkpoint of the run instead'),
  overwrite: z.boolean().default(false).describe('Replaces a finished run in --output'),
  ...engineOptions,
} as const;

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
