import { inPieces } from '@dpo/base';
import { sequenceLogps } from '@dpo/core';
import { encodePairs, type PackedBatch, type PromptGroup, pack, pairGroup, preferenceDataset } from '@dpo/data';
import {
  bestOfN,
  countTexts,
  type Evaluation,
  grownWords,
  implicitMargins,
  type MeasuredSample,
  pairAccuracy,
  rewardGain,
  rewardKl,
} from '@dpo/eval';
import type { LanguageModel, ModelTokenizer } from '@dpo/models';
import type { TextSample } from './sample-texts.js';
import { sentimentPairs, sentimentReward } from './sentiment-pairs.js';

/** Words that the demo's reward is known to invite. */
const WATCHED = ['love', 'amazing'];
/** Prompts whose texts are shown side by side. */
const SHOWN = 8;

/** What an evaluation is made from. */
export interface SentimentEvidence {
  readonly policy: LanguageModel;
  readonly reference: LanguageModel;
  /** Whether the reference is the policy without its adapter. */
  readonly adapterOff: boolean;
  readonly tokenizer: ModelTokenizer;
  /** Samples of the reference, and of the policy, on the same held-out prompts. */
  readonly before: readonly TextSample[];
  readonly after: readonly TextSample[];
  readonly header: string;
  readonly beta: number;
  readonly signal: AbortSignal;
}

/** Reward and KL of a policy beside its reference, held-out accuracy, Best-of-N, words and texts. */
export async function evaluateSentiment(evidence: SentimentEvidence): Promise<Evaluation> {
  const { before, after, header } = evidence;
  const then = before.map((sample) => measured(sample, sample.logp, header));
  const references = await referenceLogps(evidence);
  const now = after.map((sample, i) => measured(sample, references[i] as number, header));
  const [old, trained] = [rewardKl(then), rewardKl(now)];
  const texts = (samples: readonly MeasuredSample[]) => samples.map(({ text }) => text);
  const perPrompt = before.length / new Set(before.map(({ index }) => index)).size;
  const first = (samples: readonly MeasuredSample[]) =>
    samples.filter(({ index }, i) => samples.findIndex((other) => other.index === index) === i);
  const [shownBefore, shownAfter] = [first(then), first(now)];
  return {
    version: 1,
    reward: 'VADER compound score of opening and continuation',
    prompts: shownBefore.length,
    before: old,
    after: trained,
    gain: rewardGain(then, now),
    accuracy: await heldOutAccuracy(evidence),
    bestOfN: [2, 4, 8, 16].filter((n) => n <= perPrompt).map((n) => bestOfN(then, n)),
    rewards: { before: then.map(({ reward }) => reward), after: now.map(({ reward }) => reward) },
    words: { texts: { before: then.length, after: now.length }, counts: wordCounts(texts(then), texts(now)) },
    samples: shownBefore.slice(0, SHOWN).flatMap((sample, i) => {
      const other = shownAfter[i];
      return other === undefined ? [] : [{ before: sampleOf(sample), after: sampleOf(other) }];
    }),
  };
}

function measured(sample: TextSample, referenceLogp: number, header: string): MeasuredSample {
  const prompt = String(sample.prompt);
  return {
    index: sample.index,
    prompt: prompt.startsWith(header) ? prompt.slice(header.length) : prompt,
    text: sample.text,
    reward: sentimentReward(sample, header),
    logp: sample.logp,
    referenceLogp,
  };
}

function sampleOf({ prompt, text, reward }: MeasuredSample) {
  return { prompt, text, reward };
}

/** Rows of one group each that end with the longest: all groups are about as long, and a whole row of padding costs as much. */
function packTightly(groups: readonly PromptGroup[]): PackedBatch {
  const size = ({ prompt, answers }: PromptGroup) => answers.reduce((sum, { length }) => sum + length, prompt.length);
  return pack(groups, { length: 4 * Math.ceil(Math.max(...groups.map(size)) / 4) });
}

/** log π_ref of the policy's own texts, of the very tokens that it drew. Texts of one prompt share its pass. */
async function referenceLogps({ reference, adapterOff, after, signal }: SentimentEvidence): Promise<number[]> {
  const byPrompt = new Map<number, TextSample[]>();
  for (const sample of after) byPrompt.set(sample.index, [...(byPrompt.get(sample.index) ?? []), sample]);
  const prompts = [...byPrompt.values()];
  const groups = prompts.map((samples) => ({
    prompt: Int32Array.from(samples[0]?.promptTokens ?? []),
    answers: samples.map(({ tokens }) => Int32Array.from(tokens)),
  }));
  const logps = await sequenceLogps(reference, groups, { pack: packTightly, adapter: !adapterOff, signal });
  const bySample = new Map(
    prompts.flatMap((samples, g) => samples.map((sample, a) => [sample, logps[g]?.[a] as number] as const)),
  );
  return after.map((sample) => bySample.get(sample) as number);
}

/** How often the policy's implicit reward orders pairs of held-out texts of the reference as VADER does. */
async function heldOutAccuracy({ policy, tokenizer, before, header, beta, signal }: SentimentEvidence) {
  const pairs = sentimentPairs(before, header);
  if (pairs.length === 0) return undefined;
  const encoded = await inPieces(encodePairs.steps(preferenceDataset(pairs), tokenizer, { eos: false }), signal);
  const logps = await sequenceLogps(policy, encoded.map(pairGroup), { pack: packTightly, signal });
  const scored = pairs.map(({ referenceChosenLogp = 0, referenceRejectedLogp = 0 }, i) => {
    const [policyChosenLogp, policyRejectedLogp] = logps[i] as [number, number];
    return { policyChosenLogp, policyRejectedLogp, referenceChosenLogp, referenceRejectedLogp };
  });
  return pairAccuracy(implicitMargins(scored, beta));
}

function wordCounts(before: readonly string[], after: readonly string[]) {
  const [then, now] = [countTexts(before, WATCHED), countTexts(after, WATCHED)];
  const watched = WATCHED.map((word) => ({ word, before: then[word] ?? 0, after: now[word] ?? 0 }));
  return [...watched, ...grownWords(before, after, 8).filter(({ word }) => !WATCHED.includes(word))];
}
