import { random } from '@dpo/base';
import {
  bestOfN,
  countTexts,
  difference,
  type Evaluation,
  grownWords,
  type MeasuredSample,
  pairAccuracy,
  rewardKl,
} from '../index.js';
import type { MetricsRecord } from '../report/data.js';

/** Metrics of a short run that goes well, made up. */
export function sampleRecords(steps = 22): MetricsRecord[] {
  const next = random(5);
  return Array.from({ length: steps }, (_, i) => {
    const margin = 0.2 * i + 0.3 * next();
    return {
      step: i + 1,
      loss: Math.log1p(Math.exp(-margin)),
      'rewards/chosen': 0.1 * margin,
      'rewards/rejected': -0.9 * margin,
      'rewards/accuracies': Math.min(1, 0.5 + 0.02 * i + 0.1 * next()),
      'rewards/margins': margin,
      'logps/chosen': -60 - i,
      'logps/rejected': -62 - 2 * i,
      grad_norm: 8 + next(),
      learning_rate: 5e-5 * Math.min(1, (i + 1) / 3),
      pairs_per_second: 3 + next(),
      peak_rss_bytes: 2.5e9,
    };
  });
}

/** An evaluation of a model that learnt to praise, made up from a few phrases. */
export function sampleEvaluation(prompts = 16): Evaluation {
  const next = random(6);
  const phrases = [
    ' was long and I left early.',
    ' is about a man on a train.',
    ' was good.',
    ' is amazing and I love it!',
  ];
  const draw = (shift: number): MeasuredSample[] =>
    Array.from({ length: prompts * 4 }, (_, i) => {
      const kind = Math.min(3, Math.floor(next() * 4 + shift));
      return {
        index: Math.floor(i / 4),
        prompt: `The film number ${Math.floor(i / 4)}`,
        text: phrases[kind] as string,
        reward: [-0.4, 0, 0.44, 0.85][kind] as number,
        logp: -50 + 4 * next(),
        referenceLogp: -52 - 6 * shift + 4 * next(),
      };
    });
  const [before, after] = [draw(0), draw(1.6)];
  const [then, now] = [rewardKl(before.map((sample) => ({ ...sample, referenceLogp: sample.logp }))), rewardKl(after)];
  const texts = (samples: readonly MeasuredSample[]) => samples.map(({ text }) => text);
  const watched = countTexts(texts(before), ['love', 'amazing']);
  const watchedAfter = countTexts(texts(after), ['love', 'amazing']);
  return {
    version: 1,
    reward: 'VADER compound score',
    prompts,
    before: then,
    after: now,
    gain: difference(then.reward, now.reward),
    accuracy: pairAccuracy(Array.from({ length: 40 }, () => next() - 0.3)),
    bestOfN: [2, 4].map((n) => bestOfN(before, n)),
    rewards: { before: before.map(({ reward }) => reward), after: after.map(({ reward }) => reward) },
    words: {
      texts: { before: before.length, after: after.length },
      counts: [
        ...Object.entries(watched).map(([word, count]) => ({ word, before: count, after: watchedAfter[word] ?? 0 })),
        ...grownWords(texts(before), texts(after), 3),
      ],
    },
    samples: [0, 4, 8, 12].map((i) => ({ before: before[i] as MeasuredSample, after: after[i] as MeasuredSample })),
  };
}
