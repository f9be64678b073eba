import type { FrontierPoint, PointEvidence } from './frontier-point.js';
import { measurePoints } from './measure-points.js';

/** A policy with one measured answer to each prompt, from the rewards and the KLs of the prompts. */
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

/** The point of the policy that {@link evidence} gives. */
export function pointOf(
  name: Partial<PointEvidence>,
  rewards: readonly number[],
  kls?: readonly number[],
): FrontierPoint {
  return measurePoints([evidence(name, rewards, kls)])[0] as FrontierPoint;
}
