import type { EncodedExample, PromptGroup } from '@dpo/base';
import type { Method } from '../method.js';
import type { Rollout } from './rollout.js';

/** What examples depend on besides their rollouts. */
export interface RolloutFacts {
  /** β of the batch. */
  readonly beta: number;
  /** Whether the weights are still those that drew the answers. */
  readonly fresh: boolean;
}

/** A method that trains on the policy's own answers, and how rollouts become examples of the method. */
export interface OnPolicyMethod<E extends EncodedExample = EncodedExample> {
  readonly method: Method<E>;
  /** The fewest samples to a prompt that the method can train on. */
  readonly fewestSamples: number;
  /**
   * One example to each rollout, in the order of the rollouts. All rollouts of the batch are handed over, since advantages may be
   * normalised over all of them; a step takes some of the examples.
   */
  examples(rollouts: readonly Rollout[], facts: RolloutFacts): readonly E[];
  /** V of each token of each answer, by the weights as they are. Only methods with a value head have this function. */
  readonly values?: ((groups: readonly PromptGroup[]) => Promise<Float32Array[][]>) | undefined;
  /** Frees the method's variables and compiled functions. */
  dispose(): void;
}
