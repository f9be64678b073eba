import type { BesideJudge } from '@dpo/eval';
import { line, percent, range } from './_figures.js';

/** The comparison of a judge with people, for a terminal: a sentence first, then the figures behind the sentence. */
export function besideJudgeLines(beside: BesideJudge): string[] {
  const { agreement, prevalence, people, judge, corrected } = beside;
  return [
    sentence(beside),
    '',
    line(
      'People',
      `${beside.raters.length === 1 ? '1 rater' : `${beside.raters.length} raters`}; ${beside.pairs} pairs that the judge judged too`,
    ),
    line(
      'Agreement',
      `${percent(agreement.agreement)} of ${agreement.count} judgements${figure('Cohen’s κ', agreement.kappa)}`,
    ),
    line('  people say', labels(prevalence.people)),
    line('  the judge says', labels(prevalence.judge)),
    ...(beside.alpha === undefined ? [] : [line('Between raters', `Krippendorff’s α ${twoDigits(beside.alpha)}`)]),
    ...(beside.ownConsistency === undefined
      ? []
      : [
          line(
            'Own consistency',
            `${percent(beside.ownConsistency)} of pairs shown twice, sides swapped, were judged alike`,
          ),
        ]),
    line(
      'People’s rate',
      `${percent(people.rate)} (95 % interval ${range(people)}); the judge’s on the same pairs ${percent(judge.rate)}`,
    ),
    corrected === undefined
      ? line('Corrected rate', 'needs two prompts with votes, and two that the judge alone judged')
      : line(
          'Corrected rate',
          `${percent(corrected.mean)} ± ${(100 * corrected.standardError).toFixed(1)} (95 % interval ${range(corrected)}), ` +
            `λ ${twoDigits(corrected.lambda)}; ${corrected.labelled} prompts with votes, ${corrected.unlabelled} without`,
        ),
  ];
}

function sentence({ corrected, people, conclusion }: BesideJudge): string {
  const rate =
    corrected === undefined
      ? `By people, the model wins ${percent(people.rate)} (95 % interval ${range(people)})`
      : `Corrected by people, the model wins ${percent(corrected.mean)} (95 % interval ${range(corrected)})`;
  if (conclusion === 'undecided') return `${rate}: too few to say which is better.`;
  return `${rate}: the ${conclusion === 'better' ? 'model' : 'baseline'} is better.`;
}

function labels({ model, baseline, tie }: BesideJudge['prevalence']['people']): string {
  return `model ${percent(model)}, baseline ${percent(baseline)}, tie ${percent(tie)}`;
}

const twoDigits = (value: number): string => (Number.isNaN(value) ? 'unknown: all say the same' : value.toFixed(2));
const figure = (name: string, value: number): string => `, ${name} ${twoDigits(value)}`;
