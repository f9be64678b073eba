/** How `generate` draws, and how long. */
export interface GenerateOptions {
  /** Samples to a prompt. Default 1. */
  readonly samples?: number | undefined;
  readonly maxNewTokens: number;
  /** 1 draws from the model's own distribution (the default), 0 takes the likeliest token. */
  readonly temperature?: number | undefined;
  /** Draw only from the fewest likeliest tokens that hold this much of the probability. */
  readonly topP?: number | undefined;
  /** Draw only from this many likeliest tokens. */
  readonly topK?: number | undefined;
  /** Each sample has its own stream of random numbers, by seed, prompt and sample. Default 0. */
  readonly seed?: number | undefined;
  /** Tokens that end a sample. */
  readonly stopTokens?: readonly number[] | undefined;
  /** Ends a sample when true of the tokens so far, the last one drawn included: what stop strings are made of. */
  readonly stopWhen?: ((tokens: readonly number[]) => boolean) | undefined;
  /** Samples that are decoded together. Default 32. When half of them have ended, the others go on alone. */
  readonly batchSize?: number | undefined;
  /** False generates without the model's adapter. */
  readonly adapter?: boolean | undefined;
  /** Called after each step with the number of tokens drawn so far. */
  readonly onProgress?: ((tokens: number) => void) | undefined;
  /** An abort throws the signal's reason before the next step. */
  readonly signal?: AbortSignal | undefined;
}
