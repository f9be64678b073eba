import { join } from 'node:path';
import { DpoError, parseJsonObject } from '@dpo/base';
import { readTextIfThere } from '@dpo/base/files';
import { writeWhole } from '../model/save-model.js';

/** Our own file in a reward model's folder, which transformers and PEFT ignore. */
const FILE = 'reward_normalisation.json';

/** The mean and the spread of a reward model's rewards of certain answers. */
export interface RewardScale {
  readonly mean: number;
  /** The standard deviation: √(Σ (r − mean)² / n). */
  readonly deviation: number;
  /** n, how many answers. */
  readonly answers: number;
}

/**
 * Writes the scale of rewards of certain answers into a reward model's folder. The weights stay as they are, and transformers
 * computes r; (r − mean) / deviation has mean 0 and standard deviation 1 over these answers.
 */
export async function writeRewardScale(folder: string, rewards: readonly number[]): Promise<RewardScale> {
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const deviation = Math.sqrt(rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / rewards.length);
  const scale = { mean, deviation, answers: rewards.length };
  await writeWhole(join(folder, FILE), `${JSON.stringify(scale, null, 2)}\n`);
  return scale;
}

/**
 * The scale in a reward model's folder; undefined when the folder has none.
 *
 * @throws {DpoError} `classifier.bad-scale` for impossible numbers, `model.bad-json`.
 */
export async function readRewardScale(folder: string): Promise<RewardScale | undefined> {
  const path = join(folder, FILE);
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const { mean, deviation, answers } = parseJsonObject(text, path);
  if (typeof mean === 'number' && typeof deviation === 'number' && deviation > 0)
    return { mean, deviation, answers: typeof answers === 'number' ? answers : 0 };
  throw new DpoError('classifier.bad-scale', `${path} has no sound "mean" and "deviation": the deviation is above 0.`, {
    values: { path, mean: mean ?? null, deviation: deviation ?? null },
    hint: 'Remove the file to use rewards as the model computes them.',
  });
}

/** The reward on a scale: (r − mean) / deviation. Without a scale, the reward itself. */
export function onScale(reward: number, scale: RewardScale | undefined): number {
  return scale === undefined ? reward : (reward - scale.mean) / scale.deviation;
}
