import { bestOfNKl, expectedBest } from '../best-of-n.js';
import { clusteredEstimate, mean } from '../statistics.js';
import { sharedTokens, textStatistics } from '../texts/text-statistics.js';
import type { FrontierPoint, FrontierSample, PointEvidence, PromptMeans } from './frontier-point.js';

/** Answers of a point that are shown. */
const SHOWN = 6;

/**
 * The points of policies that were measured: means of reward and KL with standard errors clustered by prompt, and the form of the
 * texts. The form of texts is that of as many texts, and distinct-n of as many tokens, at every point: both fall with their number.
 *
 * @throws DpoError `eval.no-values` for a policy without answers
 */
export function measurePoints(evidence: readonly PointEvidence[]): FrontierPoint[] {
  const fewest = Math.min(...evidence.flatMap(({ samples }) => byPrompt(samples).map(([, own]) => own.length)));
  const alike = evidence.map(({ samples }) => firstOfPrompts(samples, fewest));
  const tokens = sharedTokens(...alike);
  return evidence.map(({ samples, ...name }, i) => {
    const clusters = samples.map(({ prompt }) => prompt);
    const of = (values: readonly number[]) => clusteredEstimate(values, clusters);
    const learned = samples.flatMap((sample) => (sample.learned === undefined ? [] : [sample.learned]));
    const texts = (alike[i] ?? []).map((sample) => ({ ...sample, index: sample.prompt }));
    return {
      ...name,
      reward: of(samples.map(({ reward }) => reward)),
      kl: of(samples.map(({ kl }) => kl)),
      learned: learned.length === samples.length ? of(learned) : undefined,
      texts: textStatistics(texts, tokens),
      prompts: byPrompt(samples).map(([prompt, own]) => ({
        prompt,
        reward: mean(own.map(({ reward }) => reward)),
        kl: mean(own.map(({ kl }) => kl)),
      })),
      shown: firstOfPrompts(samples, 1).slice(0, SHOWN),
    };
  });
}

/**
 * Best-of-N of the policy that training starts from: the expected best reward of N of a prompt's answers, exact over all subsets
 * ({@link expectedBest}), at the KL that bounds it, log N − (N − 1) / N.
 *
 * @throws DpoError `eval.too-few-samples` where a prompt has fewer than N answers
 */
export function bestOfNPoint({ samples, ...name }: PointEvidence, n: number): FrontierPoint {
  const kl = bestOfNKl(n);
  const prompts: PromptMeans[] = byPrompt(samples).map(([prompt, own]) => ({
    prompt,
    reward: expectedBest(
      own.map(({ reward }) => reward),
      n,
    ),
    kl,
  }));
  const numbers = prompts.map(({ prompt }) => prompt);
  const best = byPrompt(samples).map(([, own]) => own.slice(0, n).reduce((a, b) => (b.reward > a.reward ? b : a)));
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
    shown: best.slice(0, SHOWN),
  };
}

function byPrompt(samples: readonly FrontierSample[]): (readonly [number, readonly FrontierSample[]])[] {
  const groups = new Map<number, FrontierSample[]>();
  for (const sample of samples) {
    const own = groups.get(sample.prompt);
    if (own === undefined) groups.set(sample.prompt, [sample]);
    else own.push(sample);
  }
  return [...groups].sort(([a], [b]) => a - b);
}

/** The first answers to each prompt: chosen by nothing that was measured. */
function firstOfPrompts(samples: readonly FrontierSample[], count: number): FrontierSample[] {
  return byPrompt(samples).flatMap(([, own]) => own.slice(0, count));
}
