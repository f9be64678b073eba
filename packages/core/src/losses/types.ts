import type { Tensor1D } from '@tensorflow/tfjs-core';

/** What a loss reads besides the log-probabilities. Each loss has its own defaults. */
export interface LossOptions {
  /** β: the price of moving away from the reference. */
  readonly beta?: number | undefined;
  /** ε: the share of pairs whose answers are believed to be swapped. */
  readonly labelSmoothing?: number | undefined;
  /** The weight of a loss's second term: λ of DPOP and ORPO, α of RPO, CPO and Unlikelihood. */
  readonly weight?: number | undefined;
  /** γ: the margin that SimPO asks for. */
  readonly targetMargin?: number | undefined;
  /** α of the α-divergence. */
  readonly alpha?: number | undefined;
  /** τ of DiscoPOP. */
  readonly temperature?: number | undefined;
  /** m: by how much z should exceed 0 for each pair, [pairs]. The trainer fills it in when the method reads margins. */
  readonly margins?: Tensor1D | undefined;
  /** Tokens of each chosen answer, [pairs] float32. The trainer fills them in; only losses per token read them. */
  readonly chosenLengths?: Tensor1D | undefined;
  /** Tokens of each rejected answer, [pairs] float32. The trainer fills them in; only losses per token read them. */
  readonly rejectedLengths?: Tensor1D | undefined;
}

/** A loss's result, one number to a pair. Losses are not reduced, so that the caller decides how to weigh pairs. */
export interface PairLosses {
  /** L of each pair. */
  readonly losses: Tensor1D; // [pairs]
  /** s(x, y_w), the implicit reward of the chosen answer. */
  readonly chosenRewards: Tensor1D; // [pairs]
  /** s(x, y_l), the implicit reward of the rejected answer. */
  readonly rejectedRewards: Tensor1D; // [pairs]
}

/**
 * A preference loss: a pure function of log-probabilities log π(y|x), each summed over its answer's tokens, [pairs]. A loss is
 * written in tfjs ops and tfjs differentiates it, so that any function of this type can be trained on.
 */
export type PreferenceLoss = (
  policyChosen: Tensor1D,
  policyRejected: Tensor1D,
  referenceChosen: Tensor1D,
  referenceRejected: Tensor1D,
  options: LossOptions,
) => PairLosses;
