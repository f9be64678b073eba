import type { Validation } from '@dpo/data';
import { besidesLines } from './besides.js';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const ROWS = 5;

/** What a validation found, for a terminal. */
export function validationLines(found: Validation): string[] {
  const { share, low, high, of } = found.chosenLonger;
  const margins = found.scoreMargins;
  return [
    `${found.rows} pairs, ${found.prompts} prompts`,
    ...(found.sharedPrompts === undefined
      ? []
      : [`${found.sharedPrompts.prompts} of the test set's ${found.sharedPrompts.of} prompts are among them`]),
    'Lengths:',
    ...(['prompt', 'chosen', 'rejected'] as const).map((part) => {
      const { p50, p90, p99, max } = found.lengths[part];
      return `  ${part.padEnd(8)} median ${p50}, 90 % ${p90}, 99 % ${p99}, longest ${max} ${found.unit}`;
    }),
    `Chosen answer longer: ${percent(share)} of ${of} (95 % interval ${percent(low)} to ${percent(high)})`,
    ...(margins === undefined
      ? []
      : [
          `Score margins: lowest ${margins.min}, median ${margins.p50}, highest ${margins.max} (${margins.rows} pairs)`,
        ]),
    ...besidesLines(found.besides),
    ...found.findings.map(({ level, code, message, count, rows }) => {
      const named = rows.slice(0, ROWS).join(', ');
      const where = rows.length === 0 ? '' : `: ${named}${count > ROWS ? ', …' : ''}`;
      return `${level} ${code}: ${message} (${count} ${count === 1 ? 'row' : 'rows'}${where})`;
    }),
    found.findings.length === 0
      ? 'Nothing is wrong.'
      : `Kinds of errors: ${found.errors}, of warnings: ${found.warnings}.`,
  ];
}
