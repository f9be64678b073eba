import type { PreferenceInspection } from '@dpo/data';
import { besidesLines } from './besides.js';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** An inspection for a terminal. */
export function inspectionLines(inspection: PreferenceInspection): string[] {
  const lengths = (['prompt', 'chosen', 'rejected'] as const).map((part) => {
    const { p50, p90, p99, max } = inspection.lengths[part];
    return `  ${part.padEnd(8)} median ${p50}, 90 % ${p90}, 99 % ${p99}, longest ${max} ${inspection.unit}`;
  });
  const { share, low, high, of } = inspection.chosenLonger;
  const rows = (list: readonly number[]) =>
    list.length === 0 ? 'none' : `${list.length} (rows ${list.slice(0, 5).join(', ')}${list.length > 5 ? ', …' : ''})`;
  return [
    `${inspection.rows} pairs, ${inspection.prompts} prompts, ${inspection.kind === 'chat' ? 'conversations' : 'plain text'}`,
    ...(inspection.sources.length > 0
      ? [`Sources: ${inspection.sources.map((s) => `${s.source} (${s.rows})`).join(', ')}`]
      : []),
    'Lengths:',
    ...lengths,
    `Chosen answer longer: ${percent(share)} of ${of} (95 % interval ${percent(low)} to ${percent(high)}; one half is no bias)`,
    `Identical answers: ${rows(inspection.identicalAnswers)}`,
    `Duplicates: ${rows(inspection.duplicates)}`,
    `Contradictions: ${rows(inspection.contradictions)}`,
    ...(inspection.scoreMargins === undefined
      ? []
      : [
          `Score margins: median ${inspection.scoreMargins.p50}, ${inspection.scoreMargins.negative} negative of ${inspection.scoreMargins.rows}`,
        ]),
    ...besidesLines(inspection.besides),
    ...(inspection.referenceLogps > 0 ? [`Reference log-probabilities: ${inspection.referenceLogps} rows`] : []),
  ];
}
