import { bestOfNKl, expectedBest } from '../best-of-n.js';
import { clusteredEstimate, mean } from '../statistics.js';
import { sharedTokens, textStatistics } from '../texts/text-statistics.js';
import type { FrontierPoint, FrontierSample, PointEvidence, PromptMeans } from './frontier-point.js';

/** Answers of a point on the page, at most. */
const PAGE_ANSWERS = 6;

/**
 * The points of measured policies: means of reward and KL with standard errors clustered by prompt, and statistics of the texts.
 *
 * Every point's statistics are computed from the same number of texts, and distinct-n from the same number of tokens, since diversity
 * falls as texts and tokens become more.
 *
 * @param evidence all policies that are to be compared
 * @throws {DpoError} `eval.no-values` when a policy has no answers
 */
export function measurePoints(evidence: readonly PointEvidence[]): FrontierPoint[] {
  const fewest = Math.min(...evidence.flatMap(({ samples }) => byPrompt(samples).map(([, group]) => group.length)));
  const comparable = evidence.map(({ samples }) => firstOfPrompts(samples, fewest));
  const tokens = sharedTokens(...comparable);
  return evidence.map(({ samples, ...name }, i) => {
    const clusters = samples.map(({ prompt }) => prompt);
    const estimate = (values: readonly number[]) => clusteredEstimate(values, clusters);
    const learnedRewards = samples.flatMap((sample) => (sample.learned === undefined ? [] : [sample.learned]));
    const texts = (comparable[i] ?? []).map((sample) => ({ ...sample, index: sample.prompt }));
    return {
      ...name,
      reward: estimate(samples.map(({ reward }) => reward)),
      kl: estimate(samples.map(({ kl }) => kl)),
      learnedReward: learnedRewards.length === samples.length ? estimate(learnedRewards) : undefined,
      texts: textStatistics(texts, tokens),
      prompts: byPrompt(samples).map(([prompt, group]) => ({
        prompt,
        reward: mean(group.map(({ reward }) => reward)),
        kl: mean(group.map(({ kl }) => kl)),
      })),
      answers: firstOfPrompts(samples, 1).slice(0, PAGE_ANSWERS),
    };
  });
}

/**
 * The point of Best-of-N of the start. Its reward is the expected best reward of N of a prompt's answers, exact over all subsets
 * ({@link expectedBest}). Its KL is the upper bound in nats:
 *
 *     KL ≤ log N − (N − 1) / N
 *
 * @param start the start with its measured answers
 * @throws {DpoError} `eval.too-few-samples` when a prompt has fewer than N answers
 */
export function bestOfNPoint(start: PointEvidence, n: number): FrontierPoint {
  const { samples, ...name } = start;
  const kl = bestOfNKl(n);
  const prompts: PromptMeans[] = byPrompt(samples).map(([prompt, group]) => ({
    prompt,
    reward: expectedBest(
      group.map(({ reward }) => reward),
      n,
    ),
    kl,
  }));
  const numbers = prompts.map(({ prompt }) => prompt);
  const best = byPrompt(samples).map(([, group]) => group.slice(0, n).reduce((a, b) => (b.reward > a.reward ? b : a)));
  return {
    ...name,
    ...{ kind: 'best-of-n', method: 'Best of N', setting: `N ${n}`, step: 0 },
    budget: { samples: 0, rewardCalls: 0, tokens: 0, seconds: 0 },
    reward: clusteredEstimate(
      prompts.map(({ reward }) => reward),
      numbers,
    ),
    kl: clusteredEstimate(
      prompts.map(() => kl),
      numbers,
    ),
    prompts,
    answers: best.slice(0, PAGE_ANSWERS),
  };
}

function byPrompt(samples: readonly FrontierSample[]): (readonly [number, readonly FrontierSample[]])[] {
  const groups = new Map<number, FrontierSample[]>();
  for (const sample of samples) {
    const group = groups.get(sample.prompt);
    if (group === undefined) groups.set(sample.prompt, [sample]);
    else group.push(sample);
  }
  return [...groups].sort(([a], [b]) => a - b);
}

/** The first answers to each prompt: a choice that no measurement influences. */
function firstOfPrompts(samples: readonly FrontierSample[], count: number): FrontierSample[] {
  return byPrompt(samples).flatMap(([, group]) => group.slice(0, count));
}
