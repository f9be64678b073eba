import { join } from 'node:path';
import { DpoError, parseJsonObject } from '@dpo/base';
import { readTextIfThere } from '@dpo/base/files';
import { writeText } from '../model/save-model.js';

/** A file of our own in a reward model's folder, which transformers and PEFT pass over. */
const FILE = 'reward_normalisation.json';

/** How a reward model's rewards of known answers are spread. */
export interface RewardScale {
  readonly mean: number;
  /** The standard deviation, of all answers alike: √(Σ (r − mean)² / n). */
  readonly deviation: number;
  /** How many answers. */
  readonly answers: number;
}

/**
 * Writes into a reward model's folder how its rewards of known answers are spread. The weights stay as they are: (r − mean) / deviation
 * has mean 0 and deviation 1 on those answers, and transformers computes r.
 */
export async function writeRewardScale(folder: string, rewards: readonly number[]): Promise<RewardScale> {
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const deviation = Math.sqrt(rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / rewards.length);
  const scale = { mean, deviation, answers: rewards.length };
  await writeText(join(folder, FILE), `${JSON.stringify(scale, null, 2)}\n`);
  return scale;
}

/**
 * How rewards of known answers are spread; undefined where the folder does not say.
 *
 * @throws DpoError `classifier.bad-scale` for numbers that cannot be, `model.bad-json`
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
    hint: 'Remove the file to have rewards as the model gives them.',
  });
}

/** The reward on that scale: (r − mean) / deviation. */
export function onScale(reward: number, scale: RewardScale | undefined): number {
  return scale === undefined ? reward : (reward - scale.mean) / scale.deviation;
}
