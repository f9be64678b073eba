import type { MendCode } from '../rows/notes.js';
import type { Percentiles } from './inspect.js';

/** Counts of whole numbers, from which percentiles come without keeping every number. */
export class Histogram {
  readonly #counts = new Map<number, number>();

  add(value: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  /** As `percentiles` of the list would give them, by nearest rank; all zero where nothing was added. */
  percentiles(): Percentiles {
    const sorted = [...this.#counts].sort(([a], [b]) => a - b);
    const total = sorted.reduce((sum, [, count]) => sum + count, 0);
    const rank = (p: number) => {
      let before = 0;
      for (const [value, count] of sorted) {
        before += count;
        if (before >= Math.max(1, Math.ceil(p * total))) return value;
      }
      return 0;
    };
    const sum = sorted.reduce((all, [value, count]) => all + value * count, 0);
    return {
      min: rank(0),
      p50: rank(0.5),
      p90: rank(0.9),
      p99: rank(0.99),
      max: rank(1),
      mean: total === 0 ? 0 : sum / total,
    };
  }
}

/** What can be wrong with a dataset, or was put right when it was read. */
export type FindingCode = KnownCode | MendCode;

type KnownCode =
  | 'identical-answers'
  | 'prompt-in-answers'
  | 'empty-answer'
  | 'no-tokens'
  | 'roles-out-of-order'
  | 'answer-cut-away'
  | 'shared-prompts'
  | 'contradiction'
  | 'duplicate'
  | 'replacement-character'
  | 'truncated'
  | 'negative-margin'
  | 'length-bias';

/** One thing that is wrong, and where. */
export interface Finding {
  readonly code: FindingCode;
  /** Errors spoil training; warnings are worth a look. */
  readonly level: 'error' | 'warning';
  readonly message: string;
  /** In how many rows. */
  readonly count: number;
  /** The first rows of them, counted from 0. */
  readonly rows: readonly number[];
}

const ROWS_NAMED = 20;

const KNOWN: Readonly<Record<KnownCode, readonly [Finding['level'], string]>> = {
  'identical-answers': ['error', 'The two answers are the same.'],
  'empty-answer': ['error', 'An answer is empty or blank.'],
  'no-tokens': ['error', 'The prompt or an answer has no tokens.'],
  'roles-out-of-order': [
    'error',
    'Roles are out of order: a system message not at the beginning, two turns of one speaker, a prompt that ends in an answer, or an answer that is not of the assistant.',
  ],
  'answer-cut-away': ['error', 'The prompt leaves nothing of an answer within the longest length.'],
  'shared-prompts': ['error', 'The prompt is in the test set too.'],
  'prompt-in-answers': [
    'warning',
    'Answers begin with the prompt, which is trained on once more where they do not mean to repeat it.',
  ],
  contradiction: ['warning', 'An earlier row prefers the same two answers the other way round.'],
  duplicate: ['warning', 'The row repeats an earlier one.'],
  'replacement-character': ['warning', 'A text holds U+FFFD, which stands for bytes that were lost.'],
  truncated: ['warning', 'The prompt or an answer would be cut.'],
  'negative-margin': ['warning', 'The chosen answer has the lower score.'],
  'length-bias': ['warning', 'Length alone tells which answer was preferred in well over half of the pairs.'],
};

/** Collects findings by code, with the first rows of each. */
export class Findings {
  readonly #found = new Map<KnownCode, { count: number; rows: number[] }>();

  add(code: KnownCode, row: number): void {
    const found = this.#found.get(code) ?? { count: 0, rows: [] };
    found.count++;
    if (found.rows.length < ROWS_NAMED) found.rows.push(row);
    this.#found.set(code, found);
  }

  /** About the dataset as a whole; `count` rows support it. */
  addWhole(code: KnownCode, count: number): void {
    this.#found.set(code, { count, rows: [] });
  }

  /** Errors first, each kind in the order in which it is explained. */
  list(): Finding[] {
    const order = Object.keys(KNOWN) as KnownCode[];
    return order.flatMap((code) => {
      const found = this.#found.get(code);
      const [level, message] = KNOWN[code];
      return found === undefined ? [] : [{ code, level, message, ...found }];
    });
  }
}
