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

/** The shapes that are recognised, in the order in which they are tried. */
const shapes: readonly Shape[] = [...pairShapes, ...scoredShapes];

/** Names of the columns of scores: ours, and those of UltraFeedback binarized, distilabel and Argilla. */
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
    // What refused shapes are known by.
    ...['human_ref_A', 'human_ref_B', 'labels', 'info', 'summaries', 'choice', 'completion', 'label'],
  ]),
];

/** Columns that hold a prompt where no column of that name does. */
export const promptColumns: readonly string[] = promptShapes.map(({ keys }) => keys[0] as string);

/** Ours that any row may have: whatever shape the row is of, they are read. */
const ours = (columns: readonly Column[]): ReadonlySet<string> =>
  new Set([...columns.map(({ name }) => name), ...contextColumns]);
const OWN = {
  preference: new Set([...ours(preferenceColumns), ...scoreColumns.flat()]),
  ranked: ours(rankedColumns),
  labelled: ours(labelledColumns),
};

/** The records that a row makes, by our column names. */
export interface Expanded {
  readonly records: readonly unknown[];
  /** The row's keys that nothing was made of. */
  readonly aside: readonly string[];
}

/**
 * Turns rows of the shapes that preference data comes in into records of ours. A row of UltraFeedback gives its best completion
 * with its worst, and nothing where all are equal; a row of the DPO paper's code gives all of its pairs; rows of HelpSteer2 make
 * pairs two by two. Rows in our own shape are handed back as they are, wrong ones too: who parses them says what is missing.
 *
 * @throws DpoError `data.unknown-shape` (the row's keys and the nearest shape), `data.ambiguous-shape`, `data.wrong-type`,
 * `data.broken-row`
 */
export class Expander {
  /** The row before, where it waits for another answer to its prompt. */
  #waiting:
    | { readonly prompt: string; readonly answer: unknown; readonly score: number; readonly place: Place }
    | undefined;

  constructor(private readonly kind: keyof typeof OWN) {}

  expand(record: unknown, place: Place): Expanded {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) return { records: [record], aside: [] };
    const row = record as FileRecord;
    if (this.kind !== 'preference') return this.#other(row, place);
    if (isPaperShape(row)) {
      return { records: Object.entries(row).flatMap(([prompt, value]) => paperPairs(prompt, value, place)), aside: [] };
    }
    const shape = shapeOf(row, place);
    if (shape === undefined) return { records: [row], aside: [] };
    const records = shape.part === undefined ? shape.pairs(row, place) : this.#pair(shape.part(row, place), place);
    const rest = carried(row, shape, 'preference');
    return {
      records: records.map((one) => withScores(one === row ? row : { ...rest, ...one }, row)),
      aside: asideOf(row, OWN.preference, shape),
    };
  }

  /** Ends the rows: one that still waits has no other answer to be compared with. */
  end(): void {
    this.#leave();
  }

  #other(row: FileRecord, place: Place): Expanded {
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
      this.kind === 'ranked' && !holds(row, 'responses') ? shapes.find((one) => isRanked(one, row)) : undefined;
    if (shape?.rankings === undefined) return { records: [row], aside: asideOf(row, own) };
    const rest = carried(row, shape, this.kind);
    return {
      records: shape.rankings(row, place).map((one) => ({ ...rest, ...one })),
      aside: asideOf(row, own, shape),
    };
  }

  /** The pair of this row's answer and the one that waits for it. */
  #pair(part: { readonly prompt: unknown; readonly answer: unknown; readonly score: number }, place: Place) {
    const prompt = JSON.stringify(part.prompt);
    const before = this.#waiting;
    if (before?.prompt !== prompt) {
      this.#leave();
      this.#waiting = { ...part, prompt, place };
      return [];
    }
    this.#waiting = undefined;
    const pairs = bestAndWorst(part.prompt, [before, part]);
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

/** The row's shape; undefined where it has a column of ours, whose check says what is missing. */
function shapeOf(row: FileRecord, place: Place): Shape | undefined {
  const refused = refusedShapes.find((shape) => shape.matches(row));
  if (refused !== undefined) {
    throw rowError('data.unknown-shape', place, `${refused.what}.`, { keys: Object.keys(row) }, refused.hint);
  }
  const found = shapes.find((shape) => isShape(shape, row));
  if (found !== undefined) {
    checkOne(found, row, place);
    return found;
  }
  if (['prompt', 'chosen', 'rejected'].some((key) => key in row)) return undefined;
  throw unknownShape(row, place);
}

function isShape(shape: Shape, row: FileRecord): boolean {
  return shape.keys.every((key) => holds(row, key)) && (shape.matches?.(row) ?? true);
}

/** `data.ambiguous-shape` where two columns could be the prompt, and say different things. */
function checkOne(found: Shape, row: FileRecord, place: Place): void {
  if (!promptShapes.includes(found)) return;
  const other = promptShapes.find((shape) => shape !== found && isShape(shape, row) && shape.keys[0] !== found.keys[0]);
  const [first, second] = [found.keys[0] as string, other?.keys[0]];
  if (second === undefined || JSON.stringify(row[first]) === JSON.stringify(row[second])) return;
  throw rowError(
    'data.ambiguous-shape',
    place,
    `both "${first}" and "${second}" could be the prompt: the row has ${quoted(Object.keys(row))}.`,
    { keys: Object.keys(row), shapes: [found.name, other?.name] },
    `Say which column holds the prompt (--prompt ${first}, or columns: { prompt: '${first}' }).`,
  );
}

/** Ours of the row that the shape does not make something else of. */
function carried(row: FileRecord, shape: Shape, kind: keyof typeof OWN): FileRecord {
  const used = new Set([...shape.keys, ...(shape.also ?? [])]);
  return Object.fromEntries(Object.entries(row).filter(([key]) => OWN[kind].has(key) && !used.has(key)));
}

function asideOf(row: FileRecord, own: ReadonlySet<string>, shape?: Shape): readonly string[] {
  const used = (key: string) => own.has(key) || shape?.keys.includes(key) || shape?.also?.includes(key);
  return Object.keys(row).filter((key) => holds(row, key) && row[key] !== '' && !used(key));
}

/** Scores under another name. */
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
    `the row has ${quoted(keys) || 'no keys'}, which is no shape that is recognised.`,
    { keys, recognised, ...(near === undefined ? {} : { nearest: near.name, missing }) },
    near === undefined
      ? `Recognised are: ${recognised.join('; ')}. Other columns can be mapped by name.`
      : `The nearest shape is ${near.name} (${near.description}), for which ${quoted(missing)} ${missing.length === 1 ? 'is' : 'are'} missing. Other columns can be mapped by name.`,
  );
}

/** The shape of whose keys the largest share is there, and at least one. */
function nearestShape(row: FileRecord): Shape | undefined {
  const share = ({ keys }: Shape) => keys.filter((key) => holds(row, key)).length / keys.length;
  const best = shapes.reduce((a, b) => (share(b) > share(a) ? b : a));
  return share(best) > 0 ? best : undefined;
}

function quoted(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(', ');
}
