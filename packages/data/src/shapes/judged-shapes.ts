import { type FileRecord, wrongType } from '../rows/parse-values.js';
import type { Place } from '../rows/place.js';
import { instructionOf } from './_pair-shapes.js';
import { holds, listOf } from './_shape.js';

/** A form of rows with one judged answer, recognised by its keys besides the label. */
interface JudgedShape {
  /** The keys that must hold a value. */
  readonly keys: readonly string[];
  /** Optional keys that the shape reads. */
  readonly also?: readonly string[];
  /** The row's prompt and completion. */
  read(row: FileRecord, place: Place): FileRecord;
}

/** LLaMA-Factory's name of the label. */
const TAG = 'kto_tag';

const conversationUnder = (key: string): JudgedShape => ({
  keys: [key],
  read(row, place) {
    const turns = listOf(row[key], key, place, 'a list of messages');
    if (turns.length < 2) throw wrongType(turns, key, 'a conversation that ends with the answer', place);
    return { prompt: turns.slice(0, -1), completion: turns.slice(-1) };
  },
});

/** Our own columns with the label under another name, ShareGPT's and OpenAI's conversations, and Alpaca's instructions. */
const shapes: readonly JudgedShape[] = [
  { keys: ['prompt', 'completion'], read: ({ prompt, completion }) => ({ prompt, completion }) },
  conversationUnder('conversations'),
  conversationUnder('messages'),
  {
    keys: ['instruction', 'output'],
    also: ['input'],
    read: (row) => ({ prompt: instructionOf(row), completion: row.output }),
  },
];

/** Columns that rows of these shapes have besides our own. */
export const judgedColumns: readonly string[] = [
  TAG,
  ...shapes.slice(1).flatMap(({ keys, also = [] }) => [...keys, ...also]),
];

function shapeOf(row: FileRecord): JudgedShape | undefined {
  if (!holds(row, TAG) && !holds(row, 'label')) return undefined;
  if (holds(row, 'chosen') || holds(row, 'rejected')) return undefined;
  return shapes.find(({ keys }) => keys.every((key) => holds(row, key)));
}

/** True for a row of one of these shapes: one answer and its label. */
export function isJudged(row: FileRecord): boolean {
  return shapeOf(row) !== undefined;
}

/**
 * Prompt, completion and label of a row of one of these shapes, with the keys that they were made of. Undefined for a row in
 * our own shape, and for a row of another shape.
 *
 * @throws DpoError `data.wrong-type` for a conversation that is not a list, or has no answer
 */
export function judgedOf(
  row: FileRecord,
  place: Place,
): { readonly record: FileRecord; readonly keys: readonly string[] } | undefined {
  const shape = shapeOf(row);
  if (shape === undefined || (shape === shapes[0] && holds(row, 'label'))) return undefined;
  const label = holds(row, 'label') ? 'label' : TAG;
  return {
    record: { ...shape.read(row, place), label: row[label] },
    keys: [label, ...shape.keys, ...(shape.also ?? [])],
  };
}
