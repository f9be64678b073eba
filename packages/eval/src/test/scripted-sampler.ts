import type { DrawnText, Sampler } from '../evaluate.js';

/**
 * A sampler that draws the texts it was given: `texts[i]` to the i-th prompt, beginning again from the first list where
 * there are more prompts. `logp` is −1 nat a word unless said otherwise.
 */
export function scriptedSampler(
  texts: readonly (readonly string[])[],
  logp: (text: string) => number = (text) => -text.split(/\s+/).filter(Boolean).length,
): Sampler {
  return async (prompts) =>
    prompts.flatMap((_, index) =>
      (texts[index % texts.length] ?? []).map((text): DrawnText => ({ index, text, logp: logp(text) })),
    );
}
