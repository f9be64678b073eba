import { z } from 'zod';
import { engineOptions } from './engine-options.js';
import { onErrorOption } from './on-error.js';
import { type Condition, option, place } from './option.js';

const newAdapter = (key: string): readonly Condition[] => [
  { any: ['loraRank'], says: `{${key}} is about a new adapter: it needs {loraRank}.` },
];
const heldOut = (key: string): readonly Condition[] => [
  { any: ['evalData'], says: `{${key}} needs {evalData} to judge by.` },
];

/** The options that all trainings on rows share. Their defaults are part of the interface, since numbers depend on them. */
export const trainingOptions = {
  model: option(
    place('input-model'),
    'The model to train: a Hugging Face folder, a GGUF file, or org/name[@revision] of the hub',
    { onResume: 'name', onCard: false },
  ),
  data: option(
    place('input'),
    'Preference data: .jsonl, .json, .csv, .tsv, .parquet, .arrow, a folder or pattern of such files, a folder of Python datasets, or org/name[@revision] of the hub; :split after folders and names of the hub',
    { onResume: 'name', onCard: false },
  ),
  split: option(z.string().optional(), 'Which split of --data [train]', { onCard: false }),
  onError: onErrorOption,
  output: option(place('output-run'), 'The run folder to write', { onResume: 'free', onCard: false }),
  config: option(place('input').optional(), 'A JSON file of these options, in camelCase; the command line wins', {
    onResume: 'free',
    onCard: false,
  }),
  learningRate: option(z.number().positive().default(1e-6), 'Learning rate after warm-up'),
  optimizer: option(z.enum(['adamw', 'rmsprop', 'sgd', 'lion', 'adafactor']).default('adamw'), 'Optimizer'),
  momentum: option(z.number().min(0).lt(1).default(0), 'Momentum of sgd', {
    needs: [{ any: ['optimizer'], is: ['sgd'], says: '{momentum} is for sgd, not {=optimizer}.' }],
  }),
  shardOptimizer: option(
    z.boolean().default(false),
    'Each of several workers keeps its share of the optimizer’s state: less memory, half as many more bytes on the wire',
    { onResume: 'free' },
  ),
  weightDecay: option(z.number().min(0).default(0), 'Weight decay of matrices, decoupled in adamw and lion'),
  maxGradNorm: option(z.number().positive().default(10), 'Clips the gradient at this global norm'),
  schedule: option(z.enum(['constant', 'linear', 'cosine']).default('constant'), 'Learning rate after warm-up'),
  warmupSteps: option(z.int().min(0).default(0), 'Steps of linear warm-up'),
  batchSize: option(
    z.int().positive().default(8),
    'Pairs of a micro-batch; a step takes batch-size x grad-accumulation',
  ),
  activationCheckpointing: option(
    z.boolean().default(false),
    'Computes layers again for their gradients: less memory, a third more time',
    { onResume: 'free' },
  ),
  gradAccumulation: option(z.int().positive().default(1), 'Micro-batches of a step'),
  maxSteps: option(z.int().positive().optional(), 'Steps to train; without it --epochs counts', { onResume: 'length' }),
  epochs: option(z.number().positive().default(1), 'Passes over the data', { onResume: 'length' }),
  maxLength: option(
    z.int().positive().optional(),
    'Longest prompt and answer together, in tokens [what the model takes, at most 1024]',
  ),
  maxPromptLength: option(z.int().positive().optional(), 'Longest prompt, in tokens; its end is kept'),
  eos: option(z.boolean().default(true), 'Ends answers with the end-of-text token; off for texts that were cut off'),
  tokenCache: option(z.boolean().default(true), 'Keeps tokens for the next run on the same data', { onResume: 'free' }),
  adapter: option(
    place('input-model').optional(),
    'A PEFT LoRA folder to start from; in train the reference is base plus adapter as given',
    {
      onResume: 'name',
      excludes: [
        {
          any: ['loraRank'],
          says: '{adapter} starts from an adapter, {loraRank} from a new one: give one of them.',
        },
      ],
    },
  ),
  loraRank: option(z.int().positive().optional(), 'Trains LoRA adapters of this rank instead of all weights'),
  loraAlpha: option(z.number().positive().optional(), 'LoRA scale is alpha / rank [2 x rank]', {
    needs: newAdapter('loraAlpha'),
  }),
  loraTargets: option(z.array(z.string()).optional(), 'Layers that get adapters, by name [all linear layers]', {
    needs: newAdapter('loraTargets'),
  }),
  loraDropout: option(
    z.number().min(0).lt(1).default(0),
    'Share of the inputs of adapters that is dropped in training',
    {
      needs: newAdapter('loraDropout'),
    },
  ),
  rslora: option(z.boolean().default(false), 'LoRA scale is alpha / sqrt(rank) (arXiv 2312.03732)', {
    needs: newAdapter('rslora'),
  }),
  dora: option(z.boolean().default(false), 'Learns a magnitude for each output as well (arXiv 2402.09353)', {
    needs: newAdapter('dora'),
  }),
  baseDtype: option(
    z.enum(['auto', 'float32', 'bfloat16']).default('auto'),
    'How matrices are stored that are not trained, such as the base of an adapter or a reference; auto takes bfloat16 where that loses nothing and saves memory',
  ),
  loraBRatio: option(
    z.number().positive().default(1),
    "Learning rate of LoRA's B matrices over that of A (LoRA+, arXiv 2402.12354, takes 16)",
    {
      needs: [
        {
          any: ['loraRank', 'adapter'],
          says: '{loraBRatio} is about adapters: it needs {loraRank} or {adapter}.',
        },
      ],
    },
  ),
  embeddingRatio: option(z.number().min(0).default(1), 'Learning rate of embeddings over that of other weights'),
  loraSaveModules: option(z.array(z.string()).optional(), 'Modules trained and saved in full beside the adapter', {
    needs: newAdapter('loraSaveModules'),
  }),
  shuffle: option(
    z.boolean().default(true),
    'Takes the rows in a new random order in each pass; off, in the order of the file',
  ),
  seed: option(z.int().default(0), 'Seed of the order of the data and of new adapters'),
  saveSteps: option(z.int().positive().optional(), 'Writes a checkpoint every N steps', { onResume: 'free' }),
  evalData: option(place('input').optional(), 'Held-out preference data', { onResume: 'free', onCard: false }),
  evalSplit: option(z.string().optional(), 'Which split of --eval-data [train]', { onResume: 'free', onCard: false }),
  evalSteps: option(z.int().positive().optional(), 'Evaluates every N steps, and at the end', { onResume: 'free' }),
  evalMetric: option(
    z.enum(['eval_loss', 'eval_rewards/accuracies', 'eval_rewards/margins']).default('eval_loss'),
    'The number that decides which evaluation is best',
    { onResume: 'judge' },
  ),
  patience: option(z.int().positive().optional(), 'Ends the run after N evaluations in a row that were not better', {
    onResume: 'free',
    needs: heldOut('patience'),
  }),
  minDelta: option(z.number().min(0).default(0), 'By how much an evaluation must be better to count', {
    onResume: 'free',
  }),
  loadBest: option(z.boolean().default(false), 'final/ gets the weights of the best evaluation, not the last ones', {
    onResume: 'free',
    needs: heldOut('loadBest'),
  }),
  maxTime: option(
    z
      .string()
      .regex(/^\d+(\.\d+)?[smh]$/, 'must be a number and s, m or h, such as 90m')
      .optional(),
    'Ends the run after this long, such as 90m or 2.5h',
    { onResume: 'free' },
  ),
  keepCheckpoints: option(z.int().positive().default(2), 'Checkpoints that are kept, besides the best', {
    onResume: 'free',
  }),
  tensorboard: option(z.boolean().default(true), 'Writes TensorBoard events', { onResume: 'free' }),
  resume: option(z.boolean().default(false), 'Goes on from the newest whole checkpoint in --output', {
    onResume: 'free',
    onCard: false,
  }),
  resumeFrom: option(place('inside-output').optional(), 'Goes on from this checkpoint of the run instead', {
    onResume: 'free',
  }),
  overwrite: option(z.boolean().default(false), 'Replaces a finished run in --output', {
    onResume: 'free',
    onCard: false,
  }),
  ...engineOptions,
} as const;
