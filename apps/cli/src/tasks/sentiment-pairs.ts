import type { PreferencePair } from '@dpo/data';
import { buildPairs, vaderReward } from '@dpo/eval';
import type { TextSample } from '@dpo/run/command-line';

/** The text that a reward reads: the prompt without its header, and the answer. */
export function rewardedText({ prompt, text }: Pick<TextSample, 'prompt' | 'text'>, header: string): string {
  const shown = String(prompt);
  return (shown.startsWith(header) ? shown.slice(header.length) : shown) + text;
}

/**
 * Preference pairs from samples: best with worst by the reward, at most three to a prompt, ties left out, with scores and the
 * log-probabilities that sampling computed as the reference's. Samples whose text does not encode back to the tokens
 * that were drawn are left out, so that those log-probabilities are of the texts in the data.
 *
 * @param rewards of all samples; default VADER's
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
