import { type Evaluation, quotedKl, type TextStatistics } from '@dpo/eval';
import { plusMinus } from '@dpo/run/command-line';

/** An evaluation for a terminal. */
export function evaluationLines({ before, after, gain, accuracy, bestOfN = [] }: Evaluation): string[] {
  const errors = gain.mean / gain.standardError;
  return [
    `Mean reward       ${plusMinus(before.reward)}  →  ${plusMinus(after.reward)}`,
    `  gained          ${plusMinus(gain)} (${errors.toFixed(1)} standard errors)`,
    `KL to reference   ${plusMinus(quotedKl(after))} nats`,
    ...(after.exactKl === undefined ? [] : [`  as sampled      ${plusMinus(after.kl)} nats, a check`]),
    ...(accuracy === undefined
      ? []
      : [
          `Held-out pairs    ${(100 * accuracy.share).toFixed(0)} % ordered rightly ` +
            `(95 % interval ${(100 * accuracy.low).toFixed(0)} to ${(100 * accuracy.high).toFixed(0)} %, ${accuracy.count} pairs)`,
        ]),
    ...(bestOfN.length === 0
      ? []
      : [`Best of N before  ${bestOfN.map(({ n, reward }) => `${n}: ${reward.mean.toFixed(3)}`).join('   ')}`]),
    ...textLines(before.texts, after.texts),
  ];
}

function textLines(before: TextStatistics | undefined, after: TextStatistics | undefined): string[] {
  if (before === undefined || after === undefined) return [];
  const both = (label: string, value: (texts: TextStatistics) => string) =>
    `${label.padEnd(18)}${value(before)}  →  ${value(after)}`;
  const share = (value: number | null | undefined) => (value === null || value === undefined ? '–' : value.toFixed(3));
  return [
    both('Tokens to a text', ({ length }) => plusMinus(length)),
    both('Ended texts', ({ ended }) => `${(100 * ended.mean).toFixed(0)} %`),
    both('Distinct-1, 2, 3', ({ distinct }) => distinct.slice(0, 3).map(share).join(' ')),
    both('Self-BLEU', ({ selfBleu }) => share(selfBleu)),
    both('Repeated 4-grams', ({ repeatedFourGrams }) => share(repeatedFourGrams)),
  ];
}
