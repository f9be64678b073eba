import type { PreferencePair } from '@dpo/data';
import { buildPairs, vaderReward } from '@dpo/eval';
import type { TextSample } from '@dpo/run/command-line';

/** The text that a reward reads: the prompt without its header, and the answer. */
export function rewardedText({ prompt, text }: Pick<TextSample, 'prompt' | 'text'>, header: string): string {
  const promptText = String(prompt);
  return (promptText.startsWith(header) ? promptText.slice(header.length) : promptText) + text;
}

/**
 * Preference pairs from samples: the best with the worst by the reward, at most three pairs to a prompt, ties left out. The pairs
 * have the scores, and as reference log-probabilities the log-probabilities of sampling. Samples without an `answer` are left out,
 * since their log-probabilities do not belong to their texts.
 *
 * @param rewards the rewards of all samples; default VADER's
 */
export function sentimentPairs(
  samples: readonly TextSample[],
  header: string,
  rewards: readonly number[] = samples.map((sample) => vaderReward(rewardedText(sample, header))),
): PreferencePair[] {
  const rated = samples.flatMap(({ prompt, index, answer, logp }, i) =>
    answer === undefined ? [] : [{ prompt, index, text: answer, reward: rewards[i] as number, logp }],
  );
  return buildPairs(rated, { source: 'sentiment' }).map(({ pair }) => pair);
}
