import type { Text } from '@dpo/data';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';

/** Two answers to a prompt that are compared: the model's and the baseline's. */
export interface JudgedPair {
  /** The prompt's name in the file of verdicts. */
  readonly promptId: string;
  readonly prompt: Text;
  /** The answer of the model that is measured. */
  readonly model: string;
  /** The answer that the model's answer is compared with. */
  readonly baseline: string;
  /** The temperature at which the model's answer was drawn. */
  readonly temperature?: number | undefined;
  /** Which of the model's answers to the prompt this is, from 0; absent for the first. */
  readonly sample?: number | undefined;
}

/** Two answers to a prompt in the order in which the judge sees them. Nothing tells whose answer is whose. */
export interface Comparison {
  readonly prompt: Text;
  readonly first: string;
  readonly second: string;
  /** Which of the two orders this is. Caches keep a reply for each order and {@link repetition}, so that a repeated question is asked. */
  readonly order: 0 | 1;
  /** 0 when a pair is asked about in this order for the first time, 1 and up for repetitions. */
  readonly repetition: number;
}

/** What a judge says of its own verdict, under the keys of `verdicts.jsonl`. */
export type JudgeReply = Pick<
  StoredVerdict,
  | 'verdict'
  | 'p_first'
  | 'label_mass'
  | 'judge_reported'
  | 'text'
  | 'reason'
  | 'finish_reason'
  | 'rung'
  | 'cached'
  | 'prompt_tokens'
  | 'completion_tokens'
  | 'cost'
>;

/** How a question is asked. */
export interface AskOptions {
  /** Ends the asking. */
  readonly signal?: AbortSignal | undefined;
}

/** Whoever says which of two answers is better: an endpoint, a model, a rule, a person. */
export interface Judge {
  /** `judge_asked` of the verdicts. */
  readonly name: string;
  /** Tells the judge's instructions from others; undefined for a judge without instructions. */
  readonly templateDigest?: string | undefined;
  /** How many questions the judge takes at once. Default 1. */
  readonly concurrency?: number | undefined;
  /**
   * Compares two answers. A question without a verdict resolves to `unparsable`, `refused` or `failed` with the `reason`. A
   * rejection ends the whole judging: no further question can succeed (a wrong key, no money left), or the signal was
   * aborted.
   */
  readonly ask: (comparison: Comparison, options: AskOptions) => Promise<JudgeReply>;
  /** Asks up to {@link concurrency} questions together, for judges that compute many at a time. */
  readonly askTogether?: (comparisons: readonly Comparison[], options: AskOptions) => Promise<readonly JudgeReply[]>;
}
