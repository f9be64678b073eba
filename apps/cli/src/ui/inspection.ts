import type { PreferenceInspection } from '@dpo/data';
import { besidesLines } from './besides.js';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** What an inspection found, for a terminal. */
export function inspectionLines(found: PreferenceInspection): string[] {
  const lengths = (['prompt', 'chosen', 'rejected'] as const).map((part) => {
    const { p50, p90, p99, max } = found.lengths[part];
    return `  ${part.padEnd(8)} median ${p50}, 90 % ${p90}, 99 % ${p99}, longest ${max} ${found.unit}`;
  });
  const { share, low, high, of } = found.chosenLonger;
  const rows = (list: readonly number[]) =>
    list.length === 0 ? 'none' : `${list.length} (rows ${list.slice(0, 5).join(', ')}${list.length > 5 ? ', …' : ''})`;
  return [
    `${found.rows} pairs, ${found.prompts} prompts, ${found.kind === 'chat' ? 'conversations' : 'plain text'}`,
    ...(found.sources.length > 0 ? [`Sources: ${found.sources.map((s) => `${s.source} (${s.rows})`).join(', ')}`] : []),
    'Lengths:',
    ...lengths,
    `Chosen answer longer: ${percent(share)} of ${of} (95 % interval ${percent(low)} to ${percent(high)}; one half is no bias)`,
    `Identical answers: ${rows(found.identicalAnswers)}`,
    `Duplicates: ${rows(found.duplicates)}`,
    `Contradictions: ${rows(found.contradictions)}`,
    ...(found.scoreMargins === undefined
      ? []
      : [
          `Score margins: median ${found.scoreMargins.p50}, ${found.scoreMargins.negative} negative of ${found.scoreMargins.rows}`,
        ]),
    ...besidesLines(found.besides),
    ...(found.referenceLogps > 0 ? [`Reference log-probabilities: ${found.referenceLogps} rows`] : []),
  ];
}
