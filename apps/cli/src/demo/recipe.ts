/** How the demo trains: the numbers of the sentiment experiment at this size. */
export interface Recipe {
  readonly samples: number;
  readonly evaluationSamples: number;
  readonly maxNewTokens: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly beta: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
}

const shared = {
  samples: 8,
  evaluationSamples: 2,
  maxNewTokens: 24,
  steps: 22,
  batchSize: 8,
  beta: 0.1,
  warmupSteps: 3,
};

/** All weights of SmolLM2-135M, or a LoRA adapter on it, which takes ten times the rate. */
export function recipe({ lora, tiny }: { readonly lora: boolean; readonly tiny: boolean }): Recipe {
  if (tiny) return { ...shared, learningRate: lora ? 1e-2 : 1e-3 };
  return { ...shared, learningRate: lora ? 5e-4 : 4e-5 };
}
