import type { Evaluation } from '@dpo/eval';
import { plusMinus } from '@dpo/run/command-line';

/** An evaluation for a terminal. */
export function evaluationLines({ before, after, gain, accuracy, bestOfN = [] }: Evaluation): string[] {
  const errors = gain.mean / gain.standardError;
  return [
    `Mean reward       ${plusMinus(before.reward)}  →  ${plusMinus(after.reward)}`,
    `  gained          ${plusMinus(gain)} (${errors.toFixed(1)} standard errors)`,
    `KL to reference   ${plusMinus(after.kl)} nats`,
    ...(accuracy === undefined
      ? []
      : [
          `Held-out pairs    ${(100 * accuracy.share).toFixed(0)} % ordered rightly ` +
            `(95 % interval ${(100 * accuracy.low).toFixed(0)} to ${(100 * accuracy.high).toFixed(0)} %, ${accuracy.count} pairs)`,
        ]),
    ...(bestOfN.length === 0
      ? []
      : [`Best of N before  ${bestOfN.map(({ n, reward }) => `${n}: ${reward.mean.toFixed(3)}`).join('   ')}`]),
  ];
}
