import { header, heldOutOpenings, trainOpenings } from '../texts/openings.js';
import type { FrontierRecipe } from './recipe.js';

/** Names of the recipes that come with the program. */
export type FrontierPreset = 'sentiment';

const adam = { learningRate: 1e-3, warmupSteps: 3 };
const offline = { ...adam, batchSize: 8, maxSteps: 22, eos: false, maxGradNorm: 1 };
const onPolicy = { ...adam, maxGradNorm: 1, promptsPerBatch: 8, samples: 4 };

/**
 * Recipes that come with the program. `sentiment` is the paper's controlled-sentiment experiment (section 6.1) in small: openings of
 * film reviews, VADER as the true reward, LoRA adapters.
 */
export const frontierPresets: Readonly<Record<FrontierPreset, FrontierRecipe>> = {
  sentiment: {
    reward: 'vader',
    prompts: trainOpenings.map((opening) => header + opening),
    heldOutPrompts: heldOutOpenings.map((opening) => header + opening),
    maxNewTokens: 24,
    loraRank: 8,
    pairs: { samples: 8, perPrompt: 3 },
    evaluation: { samples: 2, seed: 7 },
    bestOf: [2, 4, 8],
    learnedReward: { ...adam, batchSize: 8, maxSteps: 33, maxGradNorm: 1 },
    runs: [
      {
        method: 'DPO',
        command: 'train',
        options: { ...offline, method: 'dpo' },
        over: { beta: [0.05, 0.1, 0.5, 1] },
        label: 'β',
      },
      { method: 'Preferred-FT', command: 'sft', options: { ...offline, averageOver: 'answers' } },
      {
        method: 'Unlikelihood',
        command: 'train',
        options: { ...offline, method: 'unlikelihood' },
        over: { weight: [0.1, 0.5, 1] },
        label: 'α',
      },
      {
        method: 'RLOO-GT',
        command: 'rl',
        options: { ...onPolicy, method: 'rloo', maxSteps: 27 },
        over: { beta: [0.05, 0.2] },
        label: 'β',
        points: 3,
      },
      {
        method: 'PPO-GT',
        command: 'rl',
        options: { ...onPolicy, method: 'ppo', beta: 0.05, iterations: 2, maxSteps: 32 },
        points: 2,
      },
      {
        method: 'PPO',
        command: 'rl',
        options: { ...onPolicy, method: 'ppo', beta: 0.05, iterations: 2, maxSteps: 32, reward: 'learned' },
        points: 2,
      },
    ],
  },
};
