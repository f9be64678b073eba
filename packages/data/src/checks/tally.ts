import type { MendCode } from '../rows/notes.js';
import type { Percentiles } from './inspect.js';

/** Counts of whole numbers, which give percentiles without keeping every number. */
export class Histogram {
  readonly #counts = new Map<number, number>();

  /** Counts a number. */
  add(value: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  /** The same as `percentiles` of the list of numbers, by nearest rank. All are zero when no number was added. */
  percentiles(): Percentiles {
    const sorted = [...this.#counts].sort(([a], [b]) => a - b);
    const total = sorted.reduce((sum, [, count]) => sum + count, 0);
    const rank = (p: number) => {
      let sum = 0;
      for (const [value, count] of sorted) {
        sum += count;
        if (sum >= Math.max(1, Math.ceil(p * total))) return value;
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

/** A kind of fault in a dataset: a check found it, or reading put it right. */
export type FindingCode = CheckCode | MendCode;

type CheckCode =
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

/** A kind of fault, and its rows. */
export interface Finding {
  readonly code: FindingCode;
  /** An error spoils training; a warning deserves a look. */
  readonly level: 'error' | 'warning';
  /** A sentence for people. */
  readonly message: string;
  /** The number of rows. */
  readonly count: number;
  /** The numbers of the first 20 of these rows, counted from 0. */
  readonly rows: readonly number[];
}

const MAX_ROWS = 20;

const EXPLANATIONS: Readonly<Record<CheckCode, readonly [Finding['level'], string]>> = {
  'identical-answers': ['error', 'The two answers are the same.'],
  'empty-answer': ['error', 'An answer is empty or blank.'],
  'no-tokens': ['error', 'The prompt or an answer has no tokens.'],
  'roles-out-of-order': [
    'error',
    "Roles are out of order: a system message not at the beginning, two turns of one speaker, a prompt that ends in an answer, or an answer that is not the assistant's.",
  ],
  'answer-cut-away': ['error', 'The prompt alone has the longest length, which leaves no room for an answer.'],
  'shared-prompts': ['error', 'The prompt is in the test set too.'],
  'prompt-in-answers': [
    'warning',
    'Answers begin with the prompt, so that the prompt is trained on as part of the answer.',
  ],
  contradiction: ['warning', 'An earlier row prefers the same two answers the other way round.'],
  duplicate: ['warning', 'The row repeats an earlier one.'],
  'replacement-character': ['warning', 'A text holds U+FFFD, the mark of lost bytes.'],
  truncated: ['warning', 'The prompt or an answer would be cut.'],
  'negative-margin': ['warning', 'The chosen answer has the lower score.'],
  'length-bias': ['warning', 'In well over half of the pairs, length alone says which answer was preferred.'],
};

/** Collects findings by code, with the first rows of each. */
export class Findings {
  readonly #tallies = new Map<CheckCode, { count: number; rows: number[] }>();

  add(code: CheckCode, row: number): void {
    const tally = this.#tallies.get(code) ?? { count: 0, rows: [] };
    tally.count++;
    if (tally.rows.length < MAX_ROWS) tally.rows.push(row);
    this.#tallies.set(code, tally);
  }

  /** Adds a finding about the dataset as a whole, which `count` rows support. */
  addWhole(code: CheckCode, count: number): void {
    this.#tallies.set(code, { count, rows: [] });
  }

  /** The findings, errors first. */
  list(): Finding[] {
    const order = Object.keys(EXPLANATIONS) as CheckCode[];
    return order.flatMap((code) => {
      const tally = this.#tallies.get(code);
      const [level, message] = EXPLANATIONS[code];
      return tally === undefined ? [] : [{ code, level, message, ...tally }];
    });
  }
}
