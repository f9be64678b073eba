import type { FrontierPoint, PointEvidence } from './frontier-point.js';
import { measurePoints } from './measure-points.js';

/** A policy that was measured, with an answer to each prompt: rewards and KLs by prompt. */
export function evidence(
  name: Partial<PointEvidence>,
  rewards: readonly number[],
  kls: readonly number[] = rewards.map(() => 1),
): PointEvidence {
  return {
    ...{ kind: 'trained', method: 'DPO', setting: '', seed: 0, step: 1 },
    budget: { samples: 8, rewardCalls: 8, tokens: 100, seconds: 2.5 },
    samples: rewards.map((reward, prompt) => ({
      ...{ prompt, reward, kl: kls[prompt] as number, text: ` answer ${prompt}` },
      ...{ tokens: [prompt, 7, 8, 9], ended: true },
    })),
    ...name,
  };
}

/** The same as a point. */
export function pointOf(
  name: Partial<PointEvidence>,
  rewards: readonly number[],
  kls?: readonly number[],
): FrontierPoint {
  return measurePoints([evidence(name, rewards, kls)])[0] as FrontierPoint;
}
