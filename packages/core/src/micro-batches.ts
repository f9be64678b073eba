import { DpoError, type EncodedExample, type PromptGroup } from '@dpo/base';
import type { Values } from '@dpo/engine';
import { batchValues, type Divide, type Pack } from './batch.js';
import { type Baseline, divisorOf, type Method } from './method.js';
import type { Reference } from './reference.js';

/** What one call of a compiled function takes: some rows of the data, packed, with their reference and numbers. */
export interface MicroBatch {
  readonly rows: readonly number[];
  /** What these rows add to the number by which the sum of the step's losses is divided. */
  readonly divisor: number;
  readonly inputs: Readonly<Record<string, Values>>;
}

/** What rows are made into micro-batches with. */
export interface BatchSource<Row extends EncodedExample> {
  readonly pairs: readonly Row[];
  readonly method: Method<Row>;
  readonly reference: Reference;
  readonly pack: Pack;
}

/**
 * Splits rows into `count` runs as equal as can be (the longer ones first), so that at most two sizes occur and few
 * shapes are compiled.
 */
function split<T>(rows: readonly T[], count: number): T[][] {
  const parts = Math.max(1, Math.min(count, rows.length));
  const short = Math.floor(rows.length / parts);
  const longer = rows.length % parts;
  return Array.from({ length: parts }, (_, i) => {
    const start = i * short + Math.min(i, longer);
    return rows.slice(start, start + short + (i < longer ? 1 : 0));
  });
}

/** How many rows fit into a micro-batch of so many tokens whatever rows they are: at least one. */
function rowsPerMicroBatch<Row extends EncodedExample>(
  pairs: readonly Row[],
  method: Method<Row>,
  tokens: number,
): number {
  const longest = pairs.reduce((most, row) => {
    const answers = method.answers(row).reduce((sum, { length }) => sum + length, 0);
    return Math.max(most, row.prompt.length + answers);
  }, 1);
  return Math.max(1, Math.floor(tokens / longest));
}

/**
 * The micro-batches of these rows: as `divide` says, else as many as `count`, else as few as may hold no more than
 * `microBatchTokens` (default 2048) whatever rows they are. Rows of one micro-batch have equally many answers.
 */
export function divideRows<Row extends EncodedExample>(
  rows: readonly number[],
  options: BatchSource<Row> & {
    readonly divide?: Divide | undefined;
    readonly microBatchTokens?: number | undefined;
  },
  count?: number,
): number[][] {
  const { pairs, method, divide, microBatchTokens = 2048 } = options;
  const parts = () => {
    if (count === undefined && divide !== undefined)
      return divide(groupsOf(rows, pairs, method)).map((part) => part.map((i) => rows[i] as number));
    return split(rows, count ?? Math.ceil(rows.length / rowsPerMicroBatch(pairs, method, microBatchTokens)));
  };
  return parts().flatMap((part) => byAnswers(part, options));
}

/** The rows by their number of answers, since those of a packed batch have equally many; one part for most methods. */
function byAnswers<Row extends EncodedExample>(
  rows: readonly number[],
  { pairs, method }: Pick<BatchSource<Row>, 'pairs' | 'method'>,
): number[][] {
  const parts = new Map<number, number[]>();
  for (const row of rows) {
    const { length } = method.answers(rowOf(pairs, row));
    const part = parts.get(length) ?? [];
    part.push(row);
    parts.set(length, part);
  }
  return [...parts.values()];
}

/** Packs rows of the data into the inputs of a compiled function, with what the method said of each across the step. */
export function microBatch<Row extends EncodedExample>(
  rows: readonly number[],
  source: BatchSource<Row>,
  across: readonly Readonly<Record<string, number>>[] = [],
): MicroBatch {
  const { method } = source;
  const given = rows.map(
    (row, i): Readonly<Record<string, number | undefined>> => ({
      ...method.numbers?.(rowOf(source.pairs, row)),
      ...across[i],
    }),
  );
  const numbers = Object.keys(given[0] ?? {}).map((name) => [
    `number/${name}`,
    {
      dtype: 'float32' as const,
      shape: [rows.length],
      data: Float32Array.from(given.map((values, i) => present(values[name], name, rows[i] as number))),
    },
  ]);
  const { sides, reads = sides, answers, tokenWeights } = method;
  return {
    rows,
    divisor: divisorOf(
      method,
      rows.map((row) => rowOf(source.pairs, row)),
    ),
    inputs: { ...answersOf(rows, source, { sides: reads, answers, tokenWeights }), ...Object.fromEntries(numbers) },
  };
}

/** The same for the answers that the method's baseline is estimated on. */
export function baselineBatch<Row extends EncodedExample>(
  rows: readonly number[],
  source: BatchSource<Row>,
  baseline: Baseline<Row>,
): MicroBatch {
  return { rows, divisor: rows.length, inputs: answersOf(rows, source, baseline) };
}

function answersOf<Row extends EncodedExample>(
  rows: readonly number[],
  { pairs, reference, pack }: BatchSource<Row>,
  read: Pick<Baseline<Row>, 'sides' | 'answers'> & Pick<Method<Row>, 'tokenWeights'>,
): Readonly<Record<string, Values>> {
  return { ...batchValues(groupsOf(rows, pairs, read), pack), ...reference.inputs(rows, read.sides) };
}

function groupsOf<Row extends EncodedExample>(
  rows: readonly number[],
  pairs: readonly Row[],
  read: Pick<Method<Row>, 'answers' | 'tokenWeights'>,
): PromptGroup[] {
  return rows.map((index) => {
    const row = rowOf(pairs, index);
    const answers = read.answers(row);
    return { prompt: row.prompt, answers, tokenWeights: read.tokenWeights?.(answers) };
  });
}

function rowOf<Row>(pairs: readonly Row[], row: number): Row {
  const found = pairs[row];
  if (found !== undefined) return found;
  throw new DpoError('train.no-such-row', `Row ${row} was asked for, but there are ${pairs.length} rows.`, {
    values: { row, rows: pairs.length },
  });
}

function present(value: number | undefined, name: string, row: number): number {
  if (value !== undefined && Number.isFinite(value)) return value;
  throw new DpoError('train.missing-number', `Row ${row} has no ${name}, which the method reads.`, {
    values: { row, name },
    hint: `Give every row a finite ${name}, or train without.`,
  });
}
