import type { Collective } from '@dpo/engine';

/** How `generate` draws samples, and how long they may be. */
export interface GenerateOptions {
  /** Samples to a prompt. Default 1. */
  readonly samples?: number | undefined;
  /** The most tokens of a sample. */
  readonly maxNewTokens: number;
  /** 1 draws from the model's own distribution, 0 takes the likeliest token. Default 1. */
  readonly temperature?: number | undefined;
  /** Only the fewest likeliest tokens that together have this probability are drawn, in (0, 1]. Default 1. */
  readonly topP?: number | undefined;
  /** Only this many of the likeliest tokens are drawn. Default all. */
  readonly topK?: number | undefined;
  /** The seed of the random numbers. Each sample has its own stream by seed, prompt and sample. Default 0. */
  readonly seed?: number | undefined;
  /** Tokens that end a sample. Default none. */
  readonly stopTokens?: readonly number[] | undefined;
  /** Ends a sample when it returns true for the tokens so far, the newest included. Stop strings are made with it. Default never. */
  readonly stopWhen?: ((tokens: readonly number[]) => boolean) | undefined;
  /**
   * How many samples are decoded together. When a quarter of them have ended, samples that wait take their places; when none
   * waits and half have ended, the others go on alone. Default 64, and 32 for long texts of large models, whose keys and values
   * would take more than 256 MB.
   */
  readonly batchSize?: number | undefined;
  /** False generates without the model's adapter. Default true. */
  readonly adapter?: boolean | undefined;
  /** Called after each step with the number of new tokens so far. */
  readonly onProgress?: ((tokens: number) => void) | undefined;
  /** Once aborted, `generate` throws the signal's reason before the next step. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Workers that share the samples, in pieces of `batchSize`: all of them call `generate` alike at the same time, and get all samples.
   * The samples are the same for any number of workers from two on, and those of one worker but for rounding. Default: this worker alone.
   */
  readonly collective?: Collective | undefined;
}
