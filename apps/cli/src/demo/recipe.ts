/** The numbers of the demo: the sentiment experiment at this size. */
export interface Recipe {
  /** Samples to each opening of training. */
  readonly samples: number;
  /** Samples to each held-out opening. */
  readonly evaluationSamples: number;
  /** The longest sample, in tokens. */
  readonly maxNewTokens: number;
  readonly steps: number;
  /** Pairs of a step. */
  readonly batchSize: number;
  readonly beta: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
}

const common = {
  samples: 8,
  evaluationSamples: 2,
  maxNewTokens: 24,
  steps: 22,
  batchSize: 8,
  beta: 0.1,
  warmupSteps: 3,
};

/** The recipe for all weights, or for a LoRA adapter, which takes about ten times the learning rate. */
export function recipe({ lora, tiny }: { readonly lora: boolean; readonly tiny: boolean }): Recipe {
  if (tiny) return { ...common, learningRate: lora ? 1e-2 : 1e-3 };
  return { ...common, learningRate: lora ? 5e-4 : 4e-5 };
}
