import { type FileRecord, parseNumber, parseText, wrongType } from '../_parse-values.js';
import { type Place, rowError } from '../_place.js';

/** Columns that rows of the recognised shapes have besides our own. */
export const shapeColumns: readonly string[] = [
  ...['instruction', 'input', 'output', 'output_1', 'output_2', 'preference', 'completions'],
  ...['score_chosen', 'score_rejected', 'completion', 'label'],
];

/** The shapes of rows that become pairs without being told how, for error messages. */
const RECOGNISED = [
  'prompt, chosen, rejected (with score_chosen and score_rejected where there are scores)',
  'chosen and rejected as whole conversations',
  'instruction, input, and chosen/rejected, or output as a list of two (the better first), or output_1/output_2/preference',
  'instruction and completions with scores (UltraFeedback)',
  '{prompt: {responses, pairs, sft_target}}',
];

/**
 * The preference records of one row, by our column names, from the shapes that preference data comes in. A row of
 * UltraFeedback gives its best completion with its worst (by `fine-grained_score`, or `overall_score` where that is
 * missing), and nothing where all are equal; a row of the DPO paper's code gives all of its pairs. Rows in our own shape are
 * handed back as they are, wrong ones too: who parses them says what is missing.
 *
 * Errors: `data.unknown-shape` (the row's keys and what is recognised), `data.wrong-type`, `data.broken-row`.
 */
export function expandRecord(record: unknown, place: Place): readonly unknown[] {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return [record];
  const row = record as FileRecord;
  if ('chosen' in row || 'rejected' in row) return [withScores('instruction' in row ? withPrompt(row) : row)];
  if ('instruction' in row && 'completions' in row) return ultraFeedback(row, place);
  if ('instruction' in row && ('output' in row || 'output_1' in row)) return [instruction(row, place)];
  if (isPaperShape(row)) return Object.entries(row).flatMap(([prompt, value]) => paper(prompt, value, place));
  if ('label' in row && 'completion' in row) {
    throw rowError(
      'data.unknown-shape',
      place,
      'the row is a single labelled answer (prompt, completion, label), not a pair.',
      { keys: Object.keys(row) },
      'The method kto trains on such rows. Pairs of them are made on request: dpo data build labelled, or buildLabelled.',
    );
  }
  if ('prompt' in row) return [row];
  const keys = Object.keys(row);
  throw rowError(
    'data.unknown-shape',
    place,
    `the row has ${keys.map((key) => `"${key}"`).join(', ') || 'no keys'}, which is no shape that is recognised.`,
    { keys, recognised: RECOGNISED },
    `Recognised are: ${RECOGNISED.join('; ')}. Other columns can be mapped by name.`,
  );
}

/** UltraFeedback-binarized names its scores the other way round. */
function withScores(row: FileRecord): FileRecord {
  const { score_chosen: chosen, score_rejected: rejected } = row;
  if (chosen === undefined || rejected === undefined || 'chosen_score' in row) return row;
  const number = (score: unknown) => (typeof score === 'string' ? Number(score) : score);
  return { ...row, chosen_score: number(chosen), rejected_score: number(rejected) };
}

function withPrompt(row: FileRecord): FileRecord {
  return 'prompt' in row ? row : { ...row, prompt: instructionOf(row) };
}

/** Instruction and input, a blank line between them, as instruction-tuned models are shown them. */
function instructionOf(row: FileRecord): unknown {
  const { instruction, input } = row;
  return typeof instruction === 'string' && typeof input === 'string' && input !== ''
    ? `${instruction}\n\n${input}`
    : instruction;
}

function instruction(row: FileRecord, place: Place): FileRecord {
  const prompt = instructionOf(row);
  if ('output_1' in row) {
    const { output_1: first, output_2: second } = row;
    // Numbers of CSV files and of 64 bits come as something else.
    const preference = ['string', 'bigint'].includes(typeof row.preference) ? Number(row.preference) : row.preference;
    if (preference !== 1 && preference !== 2) throw wrongType(row.preference, 'preference', '1 or 2', place);
    return preference === 1 ? { prompt, chosen: first, rejected: second } : { prompt, chosen: second, rejected: first };
  }
  const { output } = row;
  if (!Array.isArray(output) || output.length !== 2) throw wrongType(output, 'output', 'a list of two answers', place);
  return { prompt, chosen: output[0], rejected: output[1] };
}

function ultraFeedback(row: FileRecord, place: Place): readonly FileRecord[] {
  if (!Array.isArray(row.completions)) throw wrongType(row.completions, 'completions', 'a list', place);
  const rated = row.completions.map((value: unknown, i) => {
    if (typeof value !== 'object' || value === null) throw wrongType(value, `completions[${i}]`, 'an object', place);
    const completion = value as FileRecord;
    const key = completion['fine-grained_score'] == null ? 'overall_score' : 'fine-grained_score';
    const score = parseNumber(completion[key], `completions[${i}].${key}`, place);
    if (score === undefined) throw wrongType(completion[key], `completions[${i}].${key}`, 'a finite number', place);
    return { response: parseText(completion.response, `completions[${i}].response`, place), score };
  });
  const [best, ...others] = rated.toSorted((a, b) => b.score - a.score);
  const worst = others.at(-1);
  if (best === undefined || worst === undefined || best.score === worst.score) return [];
  return [
    {
      prompt: instructionOf(row),
      chosen: best.response,
      rejected: worst.response,
      ...(typeof row.source === 'string' ? { source: row.source } : {}),
      chosen_score: best.score,
      rejected_score: worst.score,
    },
  ];
}

function isPaperShape(row: FileRecord): boolean {
  const values = Object.values(row);
  return (
    values.length > 0 &&
    values.every((value) => typeof value === 'object' && value !== null && 'responses' in value && 'pairs' in value)
  );
}

/** One prompt of the DPO paper's code: `pairs` are indices into `responses`, the preferred one first. */
function paper(prompt: string, value: unknown, place: Place): FileRecord[] {
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
