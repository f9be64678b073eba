import type { Validation } from '@dpo/data';
import { besidesLines } from './besides.js';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const ROWS = 5;

/** A validation for a terminal. */
export function validationLines(validation: Validation): string[] {
  const { share, low, high, of } = validation.chosenLonger;
  const margins = validation.scoreMargins;
  return [
    `${validation.rows} pairs, ${validation.prompts} prompts`,
    ...(validation.sharedPrompts === undefined
      ? []
      : [
          `${validation.sharedPrompts.prompts} of the test set's ${validation.sharedPrompts.of} prompts are among them`,
        ]),
    'Lengths:',
    ...(['prompt', 'chosen', 'rejected'] as const).map((part) => {
      const { p50, p90, p99, max } = validation.lengths[part];
      return `  ${part.padEnd(8)} median ${p50}, 90 % ${p90}, 99 % ${p99}, longest ${max} ${validation.unit}`;
    }),
    `Chosen answer longer: ${percent(share)} of ${of} (95 % interval ${percent(low)} to ${percent(high)})`,
    ...(margins === undefined
      ? []
      : [
          `Score margins: lowest ${margins.min}, median ${margins.p50}, highest ${margins.max} (${margins.rows} pairs)`,
        ]),
    ...besidesLines(validation.besides),
    ...validation.findings.map(({ level, code, message, count, rows }) => {
      const numbers = rows.slice(0, ROWS).join(', ');
      const where = rows.length === 0 ? '' : `: ${numbers}${count > ROWS ? ', …' : ''}`;
      return `${level} ${code}: ${message} (${count} ${count === 1 ? 'row' : 'rows'}${where})`;
    }),
    validation.findings.length === 0
      ? 'Nothing is wrong.'
      : `Kinds of errors: ${validation.errors}, of warnings: ${validation.warnings}.`,
  ];
}
