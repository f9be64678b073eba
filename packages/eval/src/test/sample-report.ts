import { normal, random } from '@dpo/base';
import type { MeasuredSample } from '../evaluation.js';
import {
  bestOfN,
  countTexts,
  type Evaluation,
  grownWords,
  pairAccuracy,
  rewardGain,
  rewardKl,
  vaderReward,
} from '../index.js';
import type { MetricsRecord } from '../report/data.js';

/** Made-up metrics of a run that goes well. */
export function sampleRecords(steps = 22): MetricsRecord[] {
  const uniform = random(5);
  const noise = normal(uniform);
  return Array.from({ length: steps }, (_, i) => {
    const progress = (3 * i) / (i + steps / 2);
    const margin = progress + (i === 0 ? 0 : 0.15 * noise());
    const loss = i === 0 ? Math.LN2 : Math.log1p(Math.exp(-margin)) + 0.02 * Math.abs(noise());
    const isEvaluated = i > 0 && (i + 1) % Math.ceil(steps / 4) === 0;
    return {
      step: i + 1,
      loss,
      'rewards/chosen': 0.3 * progress + 0.05 * noise(),
      'rewards/rejected': -0.7 * progress + 0.05 * noise(),
      'rewards/accuracies': Math.min(1, Math.round(8 * (0.5 + progress / 5 + 0.12 * noise())) / 8),
      'rewards/margins': margin,
      'logps/chosen': -71 + 3 * progress + 2 * noise(),
      'logps/rejected': -74 - 7 * progress + 2 * noise(),
      grad_norm: 9 - progress + 0.8 * noise(),
      learning_rate: 5e-5 * Math.min(1, (i + 1) / 3),
      epoch: (i + 1) / steps,
      pairs_per_second: 3.4 + 0.2 * noise(),
      peak_rss_bytes: 2.5e9,
      ...(isEvaluated
        ? { eval_loss: 0.75 * Math.LN2 + 0.25 * loss, 'eval_rewards/accuracies': 0.5 + progress / 8 }
        : {}),
    };
  });
}

const openings = [
  'The plot of this movie',
  'I saw this on television',
  'The lead actor',
  'From the first scene',
  'The music in this film',
  'After two hours',
  'The dialogue',
  'When the lights went up',
];

/** Endings from the worst to the best by VADER. */
const endings = [
  ' is a waste of time, and the worst thing I have seen in years. The acting was terrible and the',
  ' was a bit of a disappointment. It was supposed to be a comedy, but nobody laughed and the script was poor',
  ' was filmed in the city where my father grew up. The story begins with a train, and it ends with',
  '. It is about a man who comes home after ten years and finds his house empty. He asks the neighbours',
  ' is a good one, and I enjoyed the second half of it. The camera work is quite clever for such',
  ' is a great story of love and hope. The cast is wonderful, and I would see it again with my',
  ' is amazing! I love the way it is told, and I love the beautiful music. It is a truly amazing',
];

/** A made-up evaluation of a model that learnt to praise, from a few sentences with their VADER scores. */
export function sampleEvaluation(prompts = 32, perPrompt = 8): Evaluation {
  const uniform = random(6);
  const noise = normal(random(7));
  const draw = (shift: number): MeasuredSample[] =>
    Array.from({ length: prompts * perPrompt }, (_, i) => {
      const index = Math.floor(i / perPrompt);
      const prompt = openings[index % openings.length] as string;
      const place = Math.min(endings.length - 1, Math.floor(endings.length * uniform() ** (1 / (1 + shift))));
      const text = endings[place] as string;
      const logp = -68 + 6 * noise();
      const referenceLogp = shift === 0 ? logp : logp - 2.7 * shift - 2 * noise();
      return { index, prompt, text, reward: vaderReward(prompt + text), logp, referenceLogp };
    });
  const [before, after] = [draw(0), draw(3)];
  const texts = (samples: readonly MeasuredSample[]) => samples.map(({ text }) => text);
  const [old, now] = [texts(before), texts(after)];
  const [watchedBefore, watchedAfter] = [old, now].map((all) => countTexts(all, ['love', 'amazing']));
  const sampleOf = ({ prompt, text, reward }: MeasuredSample) => ({ prompt, text, reward });
  return {
    version: 1,
    reward: 'VADER compound score of opening and continuation',
    prompts,
    before: rewardKl(before),
    after: rewardKl(after),
    gain: rewardGain(before, after),
    accuracy: pairAccuracy(Array.from({ length: 96 }, () => uniform() - 0.25)),
    bestOfN: [2, 4, 8].filter((n) => n <= perPrompt).map((n) => bestOfN(before, n)),
    rewards: { before: before.map(({ reward }) => reward), after: after.map(({ reward }) => reward) },
    words: {
      texts: { before: before.length, after: after.length },
      counts: [
        ...['love', 'amazing'].map((word) => ({
          word,
          before: watchedBefore?.[word] ?? 0,
          after: watchedAfter?.[word] ?? 0,
        })),
        ...grownWords(old, now, 4).filter(({ word }) => word !== 'love' && word !== 'amazing'),
      ],
    },
    samples: openings.flatMap((_, i) => {
      const [then, later] = [before[i * perPrompt], after[i * perPrompt]];
      return then === undefined || later === undefined ? [] : [{ before: sampleOf(then), after: sampleOf(later) }];
    }),
  };
}
