import { type FileRecord, wrongType } from '../rows/parse-values.js';
import { type Place, rowError } from '../rows/place.js';

/** The description of the shape of the DPO paper's code, for error messages. */
export const PAPER = "{prompt: {responses, pairs, sft_target}} (the DPO paper's code)";

/** True for a row whose keys are prompts, and whose values hold the answers and the pairs of a better and a worse one. */
export function isPaperShape(row: FileRecord): boolean {
  const values = Object.values(row);
  return (
    values.length > 0 &&
    values.every((value) => typeof value === 'object' && value !== null && 'responses' in value && 'pairs' in value)
  );
}

/**
 * The pairs of one prompt of the DPO paper's code: `pairs` holds pairs of indices into `responses`, the better answer first.
 * @throws DpoError `data.wrong-type`, `data.broken-row`
 */
export function paperPairs(prompt: string, value: unknown, place: Place): FileRecord[] {
  const { responses, pairs } = value as FileRecord;
  if (!Array.isArray(responses)) throw wrongType(responses, 'responses', 'a list', place);
  if (!Array.isArray(pairs)) throw wrongType(pairs, 'pairs', 'a list of pairs of indices', place);
  return pairs.map((pair: unknown) => {
    const [chosen, rejected] = Array.isArray(pair) && pair.length === 2 ? pair.map((i) => responses[i] as unknown) : [];
    if (chosen === undefined || rejected === undefined) {
      throw rowError('data.broken-row', place, `${JSON.stringify(pair)} is no pair of indices into "responses".`, {
        pair,
        responses: responses.length,
      });
    }
    return { prompt, chosen, rejected };
  });
}
