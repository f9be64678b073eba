import type { Reward, RewardRequest } from '@dpo/core';
import type { PlacedRows, PromptRow } from '@dpo/data';

/** The texts of a request. */
export interface RewardTexts {
  /** The prompt as the data have it. */
  readonly rowOf: (request: RewardRequest) => PromptRow;
  /** An answer as people read it, without special tokens. */
  readonly answersOf: (request: RewardRequest) => readonly string[];
}

/** A reward, opened. */
export interface OpenReward {
  /**
   * Checks that prompts can be read, before anything is trained.
   *
   * @throws {DpoError} `reward.cannot-read`, naming the prompt, when a reward model cannot read a prompt
   */
  check(rows: readonly PromptRow[] & PlacedRows): Promise<void>;
  /** The reward of answers whose texts these are. */
  of(texts: RewardTexts): Reward;
  /** Ends threads and frees weights. */
  close(): Promise<void>;
}
