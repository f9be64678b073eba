import type { Text } from '@dpo/data';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';

/** Two answers to a prompt that are to be compared, and whose each is. */
export interface JudgedPair {
  /** The prompt's name in the file of verdicts. */
  readonly promptId: string;
  readonly prompt: Text;
  /** The answer of the model that is measured. */
  readonly model: string;
  /** The answer that the model's is compared with. */
  readonly baseline: string;
  /** The temperature at which the model's answer was drawn. */
  readonly temperature?: number | undefined;
  /** Which of several answers to the prompt the model's is. */
  readonly sample?: number | undefined;
}

/** Two answers to a prompt in the order in which the judge sees them. Nothing tells whose answer is whose. */
export interface Comparison {
  readonly prompt: Text;
  readonly first: string;
  readonly second: string;
  /** Which of the two orders this is. With {@link repetition} a part of a cache's key: asking anew must not be answered by it. */
  readonly order: 0 | 1;
  /** 0 for the first asking of a pair in an order, 1 and up for askings of the same thing again. */
  readonly repetition: number;
}

/** What a judge knows of its own verdict, with the keys of `verdicts.jsonl`. */
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
  readonly signal?: AbortSignal | undefined;
}

/** Whoever says which of two answers is better: an endpoint, a model, a rule, a person. */
export interface Judge {
  /** What the verdicts bear as `judge_asked`. */
  readonly name: string;
  /** Tells the judge's instructions from others, where the judge has any. */
  readonly templateDigest?: string | undefined;
  /** How many questions the judge takes at once. Default 1. */
  readonly concurrency?: number | undefined;
  /**
   * Compares two answers. A question that got no verdict resolves all the same, to `unparsable`, `refused` or `failed` with
   * the `reason`. A rejection ends the whole judging: no further question can succeed (a wrong key, no money left), or the
   * signal was aborted.
   */
  readonly ask: (comparison: Comparison, options: AskOptions) => Promise<JudgeReply>;
  /** What {@link ask} gives, of up to {@link concurrency} questions together: for judges that compute many at a time. */
  readonly askTogether?: (comparisons: readonly Comparison[], options: AskOptions) => Promise<readonly JudgeReply[]>;
}
