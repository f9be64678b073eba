import type { Reward, RewardRequest } from '@dpo/core';
import type { PlacedRows, PromptRow } from '@dpo/data';

/** What is known of the texts of a request. */
export interface RewardTexts {
  /** The prompt as the data have it. */
  readonly rowOf: (request: RewardRequest) => PromptRow;
  /** An answer as people read it, without special tokens. */
  readonly answersOf: (request: RewardRequest) => readonly string[];
}

/** A reward that is ready to be asked. */
export interface OpenReward {
  /**
   * Looks at prompts before anything is trained.
   *
   * @throws {DpoError} `reward.cannot-read`, naming the prompt, when a reward model cannot read a prompt
   */
  check(rows: readonly PromptRow[] & PlacedRows): Promise<void>;
  /** The reward of answers to prompts whose texts are known. */
  of(texts: RewardTexts): Reward;
  close(): Promise<void>;
}
