import type { DrawnText, Sampler } from '../evaluate.js';

/**
 * A sampler that draws these texts: `texts[i]` for the i-th prompt, beginning again with the first list when there are more prompts.
 * `logp` is −1 nat a word by default.
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
