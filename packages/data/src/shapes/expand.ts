import { type Column, labelledColumns, preferenceColumns, rankedColumns } from '../rows/columns.js';
import { contextColumns } from '../rows/context-columns.js';
import type { FileRecord } from '../rows/parse-values.js';
import { type Place, rowError } from '../rows/place.js';
import { pairShapes, promptShapes } from './_pair-shapes.js';
import { isPaperShape, PAPER, paperPairs } from './_paper-shape.js';
import { refusedShapes } from './_refused-shapes.js';
import { scoredShapes } from './_scored-shapes.js';
import { asNumber, bestAndWorst, holds, type Shape } from './_shape.js';
import { judgedColumns, judgedOf } from './judged-shapes.js';

/** The recognised shapes, in the order in which they are tried. */
const shapes: readonly Shape[] = [...pairShapes, ...scoredShapes];

/** Names of the columns of scores: our own, and the names in UltraFeedback binarized, distilabel and Argilla. */
export const scoreColumns: readonly (readonly [string, string])[] = [
  ['chosen_score', 'rejected_score'],
  ['score_chosen', 'score_rejected'],
  ['chosen_rating', 'rejected_rating'],
  ['chosen-rating', 'rejected-rating'],
];

/** Columns that rows of the recognised shapes have besides our own. */
export const shapeColumns: readonly string[] = [
  ...new Set([
    ...shapes.flatMap(({ keys, also = [] }) => [...keys, ...also]),
    ...scoreColumns.flat(),
    ...contextColumns,
    ...judgedColumns,
    // The keys by which refused shapes are recognised.
    ...['human_ref_A', 'human_ref_B', 'labels', 'info', 'summaries', 'choice', 'completion', 'label'],
  ]),
];

/** Columns that may hold the prompt when no column is called `prompt`. */
export const promptColumns: readonly string[] = promptShapes.map(({ keys }) => keys[0] as string);

/** Our own columns, which are read in rows of every shape. */
const ours = (columns: readonly Column[]): ReadonlySet<string> =>
  new Set([...columns.map(({ name }) => name), ...contextColumns]);
const OWN = {
  preference: new Set([...ours(preferenceColumns), ...scoreColumns.flat()]),
  ranked: ours(rankedColumns),
  labelled: ours(labelledColumns),
};

/** The records that a row of a file becomes. */
export interface Expansion {
  /** The records, by our column names. */
  readonly records: readonly unknown[];
  /** The row's keys that nothing was made of. */
  readonly aside: readonly string[];
}

/**
 * Turns rows of the published shapes into records by our column names. A row of UltraFeedback gives its best completion with
 * its worst, and no record when all are equal. A row of the DPO paper's code gives all of its pairs. Two successive rows of
 * HelpSteer2 make a pair. Rows in our own shape are returned unchanged and unchecked: the parser names what is missing.
 */
export class Expander {
  /** The answer of the row before, which waits for another answer to its prompt. */
  #waiting:
    | { readonly prompt: string; readonly answer: unknown; readonly score: number; readonly place: Place }
    | undefined;

  constructor(private readonly kind: keyof typeof OWN) {}

  /**
   * The records of a row.
   * @throws DpoError `data.unknown-shape` (the row's keys and the nearest shape), `data.ambiguous-shape`, `data.wrong-type`,
   * `data.broken-row`
   */
  expand(record: unknown, place: Place): Expansion {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) return { records: [record], aside: [] };
    const row = record as FileRecord;
    if (this.kind !== 'preference') return this.#other(row, place);
    if (isPaperShape(row)) {
      return { records: Object.entries(row).flatMap(([prompt, value]) => paperPairs(prompt, value, place)), aside: [] };
    }
    const shape = shapeOf(row, place);
    if (shape === undefined) return { records: [row], aside: [] };
    const records = shape.part === undefined ? shape.pairs(row, place) : this.#pair(shape.part(row, place), place);
    const rest = commonColumns(row, shape, 'preference');
    return {
      records: records.map((pair) => withScores(pair === row ? row : { ...rest, ...pair }, row)),
      aside: asideOf(row, OWN.preference, shape),
    };
  }

  /** Ends the rows. An answer that still waits has no other answer to be compared with. */
  end(): void {
    this.#leave();
  }

  #other(row: FileRecord, place: Place): Expansion {
    const own = OWN[this.kind];
    const judged = this.kind === 'labelled' ? judgedOf(row, place) : undefined;
    if (judged !== undefined) {
      const rest = Object.entries(row).filter(([key]) => !judged.keys.includes(key));
      const ours = rest.filter(([key]) => own.has(key));
      return {
        records: [{ ...Object.fromEntries(ours), ...judged.record }],
        aside: asideOf(Object.fromEntries(rest), own),
      };
    }
    const shape =
      this.kind === 'ranked' && !holds(row, 'responses') ? shapes.find((each) => isRanked(each, row)) : undefined;
    if (shape?.rankings === undefined) return { records: [row], aside: asideOf(row, own) };
    const rest = commonColumns(row, shape, this.kind);
    return {
      records: shape.rankings(row, place).map((ranking) => ({ ...rest, ...ranking })),
      aside: asideOf(row, own, shape),
    };
  }

  /** The pair of this row's answer and the waiting answer to the same prompt. */
  #pair(part: { readonly prompt: unknown; readonly answer: unknown; readonly score: number }, place: Place) {
    const prompt = JSON.stringify(part.prompt);
    const waiting = this.#waiting;
    if (waiting?.prompt !== prompt) {
      this.#leave();
      this.#waiting = { ...part, prompt, place };
      return [];
    }
    this.#waiting = undefined;
    const pairs = bestAndWorst(part.prompt, [waiting, part]);
    if (pairs.length === 0) place.notes?.mend('unpaired-rows', place.row);
    return pairs;
  }

  #leave(): void {
    const { place } = this.#waiting ?? {};
    place?.notes?.mend('unpaired-rows', place.row);
    this.#waiting = undefined;
  }
}

function isRanked(shape: Shape, row: FileRecord): boolean {
  return shape.rankings !== undefined && isShape(shape, row);
}

/** The row's shape; undefined for a row with columns of ours, whose check names the missing column. */
function shapeOf(row: FileRecord, place: Place): Shape | undefined {
  const other = refusedShapes.find((candidate) => candidate.matches(row));
  if (other !== undefined) {
    throw rowError('data.unknown-shape', place, `${other.what}.`, { keys: Object.keys(row) }, other.hint);
  }
  const shape = shapes.find((candidate) => isShape(candidate, row));
  if (shape !== undefined) {
    checkOnePrompt(shape, row, place);
    return shape;
  }
  if (['prompt', 'chosen', 'rejected'].some((key) => key in row)) return undefined;
  throw unknownShape(row, place);
}

function isShape(shape: Shape, row: FileRecord): boolean {
  return shape.keys.every((key) => holds(row, key)) && (shape.matches?.(row) ?? true);
}

/** @throws DpoError `data.ambiguous-shape` when two columns could be the prompt, and differ */
function checkOnePrompt(shape: Shape, row: FileRecord, place: Place): void {
  if (!promptShapes.includes(shape)) return;
  const first = shape.keys[0] as string;
  const other = promptShapes.find((candidate) => isShape(candidate, row) && candidate.keys[0] !== first);
  const second = other?.keys[0];
  if (second === undefined || JSON.stringify(row[first]) === JSON.stringify(row[second])) return;
  throw rowError(
    'data.ambiguous-shape',
    place,
    `both "${first}" and "${second}" could be the prompt: the row has ${quoted(Object.keys(row))}.`,
    { keys: Object.keys(row), shapes: [shape.name, other?.name] },
    `Say which column holds the prompt (--prompt ${first}, or columns: { prompt: '${first}' }).`,
  );
}

/** The row's values in columns of ours that the shape does not read itself. */
function commonColumns(row: FileRecord, shape: Shape, kind: keyof typeof OWN): FileRecord {
  const shapeKeys = new Set([...shape.keys, ...(shape.also ?? [])]);
  return Object.fromEntries(Object.entries(row).filter(([key]) => OWN[kind].has(key) && !shapeKeys.has(key)));
}

function asideOf(row: FileRecord, own: ReadonlySet<string>, shape?: Shape): readonly string[] {
  const isUsed = (key: string) => own.has(key) || shape?.keys.includes(key) || shape?.also?.includes(key);
  return Object.keys(row).filter((key) => holds(row, key) && row[key] !== '' && !isUsed(key));
}

/** The record with the row's scores, which may have other names than ours. */
function withScores(record: FileRecord, row: FileRecord): FileRecord {
  const names = scoreColumns.find(([chosen, rejected]) => holds(row, chosen) && holds(row, rejected));
  if (names === undefined || holds(record, 'chosen_score') || names[0] === 'chosen_score') return record;
  return { ...record, chosen_score: asNumber(row[names[0]]), rejected_score: asNumber(row[names[1]]) };
}

function unknownShape(row: FileRecord, place: Place) {
  const keys = Object.keys(row);
  const near = nearestShape(row);
  const recognised = [...shapes.map(({ description }) => description), PAPER];
  const missing = near?.keys.filter((key) => !holds(row, key)) ?? [];
  return rowError(
    'data.unknown-shape',
    place,
    `the row has ${quoted(keys) || 'no keys'}, which is not a recognised shape.`,
    { keys, recognised, ...(near === undefined ? {} : { nearest: near.name, missing }) },
    near === undefined
      ? `Recognised shapes: ${recognised.join('; ')}. Other columns can be mapped by name.`
      : `The nearest shape is ${near.name} (${near.description}), for which ${quoted(missing)} ${missing.length === 1 ? 'is' : 'are'} missing. Other columns can be mapped by name.`,
  );
}

/** The shape with the largest share of its keys in the row; undefined when the row has no key of any shape. */
function nearestShape(row: FileRecord): Shape | undefined {
  const share = ({ keys }: Shape) => keys.filter((key) => holds(row, key)).length / keys.length;
  const best = shapes.reduce((a, b) => (share(b) > share(a) ? b : a));
  return share(best) > 0 ? best : undefined;
}

function quoted(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(', ');
}
