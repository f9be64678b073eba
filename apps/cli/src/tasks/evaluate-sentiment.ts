import { inPieces } from '@dpo/base';
import { sequenceLogps } from '@dpo/core';
import { encodePairs, pairGroup, preferenceDataset } from '@dpo/data';
import { alone, type Collective, ofFirstWorker } from '@dpo/engine';
import {
  bestOfN,
  clusteredEstimate,
  countTexts,
  type DrawnTokens,
  type Evaluation,
  grownWords,
  implicitMargins,
  type MeasuredSample,
  pairAccuracy,
  rewardGain,
  rewardKl,
  sharedTokens,
  textStatistics,
} from '@dpo/eval';
import type { LanguageModel, ModelTokenizer } from '@dpo/models';
import { packTightly, sampleDivergences, type TextSample } from '@dpo/run/command-line';
import { rewardedText, sentimentPairs } from './sentiment-pairs.js';
import { type TextReward, vader } from './text-reward.js';

/** Words that the demo's reward is known to invite. */
const INVITED = ['love', 'amazing'];
/** How many prompts have their texts side by side in the report. */
const SIDE_BY_SIDE = 8;

/** The models and samples that an evaluation measures. */
export interface SentimentEvidence {
  readonly policy: LanguageModel;
  readonly reference: LanguageModel;
  /** Whether the reference is the policy without its adapter. */
  readonly adapterOff: boolean;
  readonly tokenizer: ModelTokenizer;
  /** Samples of the reference on held-out prompts. */
  readonly before: readonly TextSample[];
  /** Samples of the policy on the same prompts. */
  readonly after: readonly TextSample[];
  /** The beginning of the prompts that the reward does not read. */
  readonly header: string;
  /** Default VADER. */
  readonly reward?: TextReward | undefined;
  /** Scale of the implicit rewards. */
  readonly beta: number;
  readonly signal: AbortSignal;
  /** Workers that share the models' work. Default: this worker alone. */
  readonly collective?: Collective | undefined;
}

/**
 * Measures a policy beside its reference: reward, KL in nats an answer, form of the texts, accuracy on held-out pairs, Best-of-N,
 * words and texts.
 *
 * @throws DpoError the errors of the reward; the signal's reason when it is aborted
 */
export async function evaluateSentiment(evidence: SentimentEvidence): Promise<Evaluation> {
  const { before, after, header, reward = vader, tokenizer, collective = alone } = evidence;
  const rewards = (samples: readonly TextSample[]) =>
    ofFirstWorker(collective, async () => reward.scores(samples.map((sample) => rewardedText(sample, header))));
  const [oldRewards, newRewards] = [await rewards(before), await rewards(after)];
  const { sampled, exact } = await sampleDivergences({ ...evidence, samples: after });
  const then = before.map((sample, i) => measuredSample(sample, { reward: oldRewards[i], ratio: 0 }, header));
  const now = after.map((sample, i) => measuredSample(sample, { reward: newRewards[i], ratio: sampled[i] }, header));
  const exactBefore = exact && then.map(() => 0);
  const [oldTexts, newTexts] = [textsOf(before, tokenizer), textsOf(after, tokenizer)];
  const tokens = sharedTokens(oldTexts, newTexts);
  const texts = (samples: readonly MeasuredSample[]) => samples.map(({ text }) => text);
  const perPrompt = before.length / new Set(before.map(({ index }) => index)).size;
  const first = (samples: readonly MeasuredSample[]) =>
    samples.filter(({ index }, i) => samples.findIndex((other) => other.index === index) === i);
  const [firstBefore, firstAfter] = [first(then), first(now)];
  return {
    version: 1,
    reward: `${reward.name} of opening and continuation`,
    prompts: firstBefore.length,
    before: { ...rewardKl(then), exactKl: klOf(then, exactBefore), texts: textStatistics(oldTexts, tokens) },
    after: { ...rewardKl(now), exactKl: klOf(now, exact), texts: textStatistics(newTexts, tokens) },
    gain: rewardGain(then, now),
    accuracy: await heldOutAccuracy(evidence, oldRewards),
    bestOfN: [2, 4, 8, 16].filter((n) => n <= perPrompt).map((n) => bestOfN(then, n)),
    rewards: { before: [...oldRewards], after: [...newRewards] },
    words: { texts: { before: then.length, after: now.length }, counts: wordCounts(texts(then), texts(now)) },
    samples: firstBefore.slice(0, SIDE_BY_SIDE).flatMap((sample, i) => {
      const sampleAfter = firstAfter[i];
      return sampleAfter === undefined ? [] : [{ before: sampleOf(sample), after: sampleOf(sampleAfter) }];
    }),
  };
}

function klOf(samples: readonly MeasuredSample[], sums: readonly number[] | undefined) {
  const clusters = samples.map(({ index }) => index);
  return sums && clusteredEstimate(sums, clusters);
}

/** Texts as tokens, without the end token of each. */
function textsOf(samples: readonly TextSample[], { endTokenIds }: ModelTokenizer): DrawnTokens[] {
  return samples.map(({ index, tokens, finished }) => {
    const last = tokens.at(-1);
    const ends = finished && last !== undefined && endTokenIds.includes(last);
    return { index, tokens: ends ? tokens.slice(0, -1) : tokens, ended: finished };
  });
}

function measuredSample(
  sample: TextSample,
  { reward = 0, ratio = 0 }: { readonly reward: number | undefined; readonly ratio: number | undefined },
  header: string,
): MeasuredSample {
  const prompt = String(sample.prompt);
  return {
    index: sample.index,
    prompt: prompt.startsWith(header) ? prompt.slice(header.length) : prompt,
    text: sample.text,
    reward,
    logp: sample.logp,
    referenceLogp: sample.logp - ratio,
  };
}

function sampleOf({ prompt, text, reward }: MeasuredSample) {
  return { prompt, text, reward };
}

/** How often the policy's implicit reward orders two held-out texts of the reference as the reward orders them. */
async function heldOutAccuracy(
  { policy, tokenizer, before, header, beta, signal, collective }: SentimentEvidence,
  rewards: readonly number[],
) {
  const pairs = sentimentPairs(before, header, rewards);
  if (pairs.length === 0) return undefined;
  const examples = await inPieces(encodePairs.steps(preferenceDataset(pairs), tokenizer, { eos: false }), signal);
  const logps = await sequenceLogps(policy, examples.map(pairGroup), { pack: packTightly, signal, collective });
  const rewarded = pairs.map(({ referenceChosenLogp = 0, referenceRejectedLogp = 0 }, i) => {
    const [policyChosenLogp, policyRejectedLogp] = logps[i] as [number, number];
    return { policyChosenLogp, policyRejectedLogp, referenceChosenLogp, referenceRejectedLogp };
  });
  return pairAccuracy(implicitMargins(rewarded, beta));
}

function wordCounts(before: readonly string[], after: readonly string[]) {
  const [then, now] = [countTexts(before, INVITED), countTexts(after, INVITED)];
  const invited = INVITED.map((word) => ({ word, before: then[word] ?? 0, after: now[word] ?? 0 }));
  return [...invited, ...grownWords(before, after, 8).filter(({ word }) => !INVITED.includes(word))];
}
