import type { PreferencePair } from '@dpo/data';
import { buildPairs, vaderReward } from '@dpo/eval';
import type { TextSample } from './sample-texts.js';

/** The text that a reward reads: the prompt without its header, and the answer. */
function rewardedText(prompt: string, text: string, header: string): string {
  return (prompt.startsWith(header) ? prompt.slice(header.length) : prompt) + text;
}

/** The VADER reward of a sampled continuation; the header is not scored. */
export function sentimentReward({ prompt, text }: Pick<TextSample, 'prompt' | 'text'>, header: string): number {
  return vaderReward(rewardedText(String(prompt), text, header));
}

/**
 * Preference pairs from samples: best with worst by VADER, at most three to a prompt, ties left out, with scores and the
 * log-probabilities that sampling computed as the reference's. Samples whose text does not encode back to the tokens
 * that were drawn are left out, so that those log-probabilities are of the texts in the data.
 */
export function sentimentPairs(samples: readonly TextSample[], header: string): PreferencePair[] {
  const exact = samples.filter(({ answer }) => answer !== undefined);
  const rated = exact.map((sample) => ({
    prompt: sample.prompt,
    index: sample.index,
    text: sample.answer as string,
    reward: sentimentReward(sample, header),
    logp: sample.logp,
  }));
  return buildPairs(rated, { source: 'sentiment' }).map(({ pair }) => pair);
}
