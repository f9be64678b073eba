import { bestOfNKl, expectedBest } from './best-of-n.js';
import { clusteredEstimate, type Estimate, mean, type ShareEstimate, wilson } from './statistics.js';

/** One text that a policy wrote, measured. */
export interface MeasuredSample {
  /** The number of its prompt. */
  readonly index: number;
  /** What was before the text, as it is shown. */
  readonly prompt: string;
  readonly text: string;
  readonly reward: number;
  /** log π(text | prompt), in nats, of the policy that wrote it. */
  readonly logp: number;
  /** log π_ref(text | prompt), in nats. */
  readonly referenceLogp: number;
}

/** A policy's place in the plane of reward and KL. */
export interface RewardKl {
  readonly reward: Estimate;
  /** KL(π ‖ π_ref) in nats, of whole texts. */
  readonly kl: Estimate;
}

/**
 * Mean reward, and KL(π ‖ π_ref) as the mean over texts drawn from π of
 *
 *     log π(y|x) − log π_ref(y|x)
 *
 * (an unbiased estimate; one text's share can be negative). Standard errors are clustered by prompt, since texts of one
 * prompt are alike.
 */
export function rewardKl(samples: readonly MeasuredSample[]): RewardKl {
  const clusters = samples.map(({ index }) => index);
  return {
    reward: clusteredEstimate(
      samples.map(({ reward }) => reward),
      clusters,
    ),
    kl: clusteredEstimate(
      samples.map(({ logp, referenceLogp }) => logp - referenceLogp),
      clusters,
    ),
  };
}

/** The share of pairs whose margin is positive, a tie counting one half, and the mean margin. */
export function pairAccuracy(margins: readonly number[]): ShareEstimate & { readonly margin: number } {
  const won = margins.reduce((sum, margin) => sum + (margin > 0 ? 1 : margin === 0 ? 0.5 : 0), 0);
  return { ...wilson(won, margins.length), margin: mean(margins) };
}

/** What Best-of-N of a policy's samples reaches: mean over prompts of the expected best reward, and its KL by formula. */
export function bestOfN(
  samples: readonly { readonly index: number; readonly reward: number }[],
  n: number,
): { readonly n: number; readonly reward: Estimate; readonly kl: number } {
  const byPrompt = new Map<number, number[]>();
  for (const { index, reward } of samples) byPrompt.set(index, [...(byPrompt.get(index) ?? []), reward]);
  const best = [...byPrompt.values()].map((rewards) => expectedBest(rewards, n));
  return { n, reward: clusteredEstimate(best, [...best.keys()]), kl: bestOfNKl(n) };
}

/** How many texts hold a word at least once: whole words, in upper or lower case. */
export function countTexts(texts: readonly string[], words: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    words.map((word) => {
      const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      const pattern = new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'iu');
      return [word, texts.filter((text) => pattern.test(text)).length];
    }),
  );
}

/** The words that grew most between two sets of texts, by the share of texts that hold them: what a policy may be overusing. */
export function grownWords(
  before: readonly string[],
  after: readonly string[],
  count = 8,
): { readonly word: string; readonly before: number; readonly after: number }[] {
  const tally = (texts: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const text of texts)
      for (const word of new Set(text.toLowerCase().match(/\p{L}{3,}/gu) ?? []))
        counts.set(word, (counts.get(word) ?? 0) + 1);
    return counts;
  };
  const [then, now] = [tally(before), tally(after)];
  const growth = (word: string) => (now.get(word) ?? 0) / after.length - (then.get(word) ?? 0) / before.length;
  return [...now.keys()]
    .sort((a, b) => growth(b) - growth(a) || a.localeCompare(b))
    .slice(0, count)
    .map((word) => ({ word, before: then.get(word) ?? 0, after: now.get(word) ?? 0 }));
}
