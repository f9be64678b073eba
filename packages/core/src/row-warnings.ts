import { atOnce, DpoError } from '@dpo/base';
import type { CutAnswer } from './answer-warnings.js';
import type { TrainingWarning } from './warnings.js';

/** A row as the run trains on it: its prompt and its answers, in tokens. */
export interface WatchedRow {
  /** The number of the row in the data, from 0. */
  readonly row: number;
  readonly prompt: Int32Array;
  /** One answer or more. The method compares several answers with each other. */
  readonly answers: readonly CutAnswer[];
  /** For an answer that was judged on its own: whether the answer is desirable. */
  readonly desirable?: boolean | undefined;
}

/** From this share of the rows on, repeated rows are worth a warning. */
const REPEATED = 0.05;
/** From this share of the rows on, contradictory rows are worth a warning. */
const CONTRADICTORY = 0.01;

/**
 * Looks through the rows before the first step, and returns warnings of step 0. One pass over the tokens; rows are compared by
 * 53-bit hashes.
 *
 * | code | when |
 * |---|---|
 * | `pairs-identical` | the answers of a row are all the same, maybe only after cuts: such rows give no gradient |
 * | `rows-repeated` | 5 % of the rows or more are an earlier row again (rows with cut answers aside) |
 * | `rows-contradictory` | 1 % of the rows or more say the opposite of an earlier row |
 * | `one-label` | all judged answers have the same label |
 * | `prompts-shared` | held-out prompts are among the training prompts |
 *
 * @throws DpoError `train.nothing-to-learn` when the answers of every row are the same
 */
export function watchRows(rows: readonly WatchedRow[], heldOut: readonly WatchedRow[] = []): TrainingWarning[] {
  return atOnce(watchRowsSteps(rows, heldOut));
}

/**
 * {@link watchRows} as a generator that yields after each row at the latest, so that `inPieces` of `@dpo/base` can pause.
 *
 * @throws DpoError `train.nothing-to-learn` when the answers of every row are the same
 */
export function* watchRowsSteps(
  rows: readonly WatchedRow[],
  heldOut: readonly WatchedRow[] = [],
): Generator<undefined, TrainingWarning[]> {
  const warnings = [
    yield* identicalAnswers(rows),
    ...(yield* repeatedRows(rows)),
    oneLabel(rows),
    yield* sharedPrompts(rows, heldOut),
  ];
  return warnings.flatMap((warning) => (warning === undefined ? [] : [{ ...warning, step: 0 }]));
}

type RowWarning = Omit<TrainingWarning, 'step'>;

function* identicalAnswers(rows: readonly WatchedRow[]): Generator<undefined, RowWarning | undefined> {
  const same: WatchedRow[] = [];
  for (const row of rows) {
    const [first, ...others] = row.answers;
    if (others.length > 0 && others.every(({ tokens }) => sameTokens(tokens, first?.tokens))) same.push(row);
    yield;
  }
  if (same.length === 0) return undefined;
  const byCuts = same.filter(({ answers }) => answers.some(({ cut }) => cut > 0)).length;
  const cuts = byCuts === 0 ? '' : `, ${byCuts} of them after they were cut`;
  const first = same[0]?.row;
  const hint =
    byCuts > 0
      ? 'Raise the longest length, so that what tells the answers apart is not cut away.'
      : 'Leave such rows out; `dpo data validate` lists them.';
  if (same.length === rows.length)
    throw new DpoError(
      'train.nothing-to-learn',
      `The answers of every row are the same${cuts}: there is no preference to learn.`,
      {
        values: { rows: rows.length, cut: byCuts },
        hint: byCuts > 0 ? hint : 'Check which columns hold the chosen and the rejected answers.',
      },
    );
  return {
    code: 'pairs-identical',
    message: `${same.length} of ${rows.length} rows have answers that are the same${cuts} (the first is row ${first}): such rows teach nothing.`,
    hint,
  };
}

function* repeatedRows(rows: readonly WatchedRow[]): Generator<undefined, RowWarning[]> {
  const keys = new Set<string>();
  let [again, opposite] = [0, 0];
  for (const { prompt, answers, desirable } of rows) {
    // Answers that cuts made the same have a warning of their own.
    if (answers.some(({ cut }) => cut > 0)) continue;
    const start = hash(prompt);
    const hashes = answers.map(({ tokens }) => hash(tokens));
    const label = desirable === undefined ? '' : String(desirable);
    const key = `${start} ${hashes.join(' ')} ${label}`;
    const turned = `${start} ${[...hashes].reverse().join(' ')} ${desirable === undefined ? '' : String(!desirable)}`;
    if (keys.has(key)) again++;
    else if (turned !== key && keys.has(turned)) opposite++;
    keys.add(key);
    yield;
  }
  const warnings: RowWarning[] = [];
  if (again >= REPEATED * rows.length && again > 0)
    warnings.push({
      code: 'rows-repeated',
      message: `${again} of ${rows.length} rows are an earlier row again: they count twice.`,
      hint: 'Leave repeated rows out; `dpo data validate` lists them.',
    });
  if (opposite >= CONTRADICTORY * rows.length && opposite > 0)
    warnings.push({
      code: 'rows-contradictory',
      message: `${opposite} of ${rows.length} rows say the opposite of an earlier row.`,
      hint: 'Leave out what annotators did not agree on, or train with label smoothing; `dpo data validate` lists the rows.',
    });
  return warnings;
}

function oneLabel(rows: readonly WatchedRow[]): RowWarning | undefined {
  const labels = new Set(rows.map(({ desirable }) => desirable));
  const [label] = labels;
  if (labels.size !== 1 || label === undefined) return undefined;
  return {
    code: 'one-label',
    message: `All ${rows.length} answers are ${label ? 'desirable' : 'undesirable'}: nothing says what the model should ${label ? 'avoid' : 'prefer'}.`,
    hint: 'Check the column of labels; both kinds are needed.',
  };
}

function* sharedPrompts(
  rows: readonly WatchedRow[],
  heldOut: readonly WatchedRow[],
): Generator<undefined, RowWarning | undefined> {
  if (heldOut.length === 0) return undefined;
  const prompts = new Set<number>();
  for (const { prompt } of rows) {
    prompts.add(hash(prompt));
    yield;
  }
  const shared = heldOut.filter(({ prompt }) => prompts.has(hash(prompt)));
  if (shared.length === 0) return undefined;
  return {
    code: 'prompts-shared',
    message: `${shared.length} of ${heldOut.length} held-out rows have prompts of the training data (the first is row ${shared[0]?.row}): evaluation looks better than it is.`,
    hint: 'Divide the data by prompt: dpo data split.',
  };
}

function sameTokens(a: Int32Array, b: Int32Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((token, i) => token === b[i]);
}

/** FNV-1a twice with different starts, as one number of 53 bits. */
function hash(tokens: Int32Array): number {
  let a = 0x811c9dc5;
  let b = 0x01234567 ^ tokens.length;
  for (const token of tokens) {
    a = Math.imul(a ^ token, 0x01000193);
    b = Math.imul(b ^ token ^ (a >>> 15), 0x85ebca6b);
  }
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}
