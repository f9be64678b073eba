import type { ReportData } from '../data.js';
import { type Html, html } from '../html.js';
import { isOnPolicy } from '../on-policy.js';

const ofWinRates = [
  [
    'Win rate',
    'The mean share of the model’s answers in comparisons with the baseline’s on the same prompts, over both orders of the two. One half is a draw.',
  ],
  [
    'Interval',
    'Where the rate would lie in 95 of 100 repetitions of the whole experiment with other prompts. Above one half throughout, the model is better; with one half inside, nothing can be said.',
  ],
  [
    'At equal length',
    'What the rate would be if the model’s answers were as long as the baseline’s, by a regression on all pairs. Judges like long answers.',
  ],
  [
    'Smallest difference',
    'How far from one half a true rate must be so that so many prompts show it in four of five experiments.',
  ],
] as const;

const ofPolicies = [
  [
    'Implicit reward',
    'β times the log-probability of an answer under the model minus that under the reference: what DPO trains.',
  ],
  [
    'Margin and accuracy',
    'The implicit reward of the chosen answer minus that of the rejected one, and how often it is positive (a tie counts one half).',
  ],
  ['ln 2', 'The loss of a model that has not moved from the reference.'],
] as const;

const ofRewardModels = [
  [
    'Reward',
    'What the model says of an answer: a number in no unit, of which differences between answers to one prompt count.',
  ],
  [
    'Margin and accuracy',
    'The reward of the chosen answer minus that of the rejected one, and how often it is positive (a tie counts one half).',
  ],
  ['ln 2', 'The loss of a model that knows nothing, but for the term that keeps rewards near zero.'],
] as const;

const ofOwnAnswers = [
  ['Reward', 'What the reward says of the answers that the model wrote itself, on average over a batch.'],
  [
    'KL to the reference',
    'How far the model has moved from the reference: the mean, over its own answers, of the log-probability it gives them minus the one that the reference gives them.',
  ],
  [
    'Entropy',
    'How uncertain the model is at each token that it draws. A model that writes the same again and again has almost none.',
  ],
] as const;

/** The meaning of the page's terms, for a reader who does not know them. */
export function reading({ evaluation, records, winRate }: ReportData): Html | undefined {
  const preference = records.some((record) => 'rewards/margins' in record);
  const rewardModel = records.some((record) => 'mean_reward' in record);
  const terms = [
    ...(winRate === undefined ? [] : ofWinRates),
    ...(evaluation === undefined
      ? []
      : [
          [
            'Standard error',
            'How far a mean would typically be off if other prompts had been drawn. Texts of one prompt are alike, so they are counted together.',
          ],
          [
            'KL',
            'How far the trained model has moved from the reference: the mean, over texts that it wrote, of the log-probability it gives them minus the one that the reference gives them. 0 is no change; 1 nat is a factor of e in probability.',
          ],
        ]),
    ...(isOnPolicy(records) ? ofOwnAnswers : []),
    ...(preference ? (rewardModel ? ofRewardModels : ofPolicies) : []),
  ];
  if (terms.length === 0) return undefined;
  return html`<section class="reading"><h2>How to read this</h2><dl>${terms.map(([term, meaning]) => html`<div><dt>${term}</dt><dd>${meaning}</dd></div>`)}</dl></section>`;
}
