import type { EncodedExample, PromptGroup } from '@dpo/base';
import type { Method } from '../method.js';
import type { Rollout } from './rollout.js';

/** What is known where rollouts become examples. */
export interface RolloutFacts {
  /** β of the batch. */
  readonly beta: number;
  /** Whether the weights are still those that drew the answers. */
  readonly fresh: boolean;
}

/** A method that trains on what the policy itself writes, and how rollouts become its examples. */
export interface OnPolicyMethod<E extends EncodedExample = EncodedExample> {
  readonly method: Method<E>;
  /** The fewest samples to a prompt. */
  readonly fewestSamples: number;
  /**
   * One example to each rollout, in their order. Sees all rollouts of the batch, over which advantages are normalised; a step
   * takes some of the examples.
   */
  examples(rollouts: readonly Rollout[], facts: RolloutFacts): readonly E[];
  /** V of each token of each answer, by the weights as they are, where the method has a value head. */
  readonly values?: ((groups: readonly PromptGroup[]) => Promise<Float32Array[][]>) | undefined;
  /** Frees what was compiled for the method, and its own variables. */
  dispose(): void;
}
