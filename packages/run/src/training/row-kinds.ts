import type { EncodedExample } from '@dpo/base';
import { answersOf, type CutAnswer, type Method } from '@dpo/core';
import {
  type EncodedAnswer,
  type EncodedPair,
  type EncodedRanking,
  type Encoder,
  encodeAnswers,
  encodePairs,
  encodeRankings,
  joinLabelled,
  joinPreferences,
  joinRanked,
  type LabelledAnswer,
  type PreferencePair,
  type RankedList,
  type RowOrigin,
  readLabelled,
  readPreferences,
  readRanked,
} from '@dpo/data';
import type { RowReader } from '../inputs/find-data.js';

/** Log-probabilities that the data hold, by the answer's name. */
export type GivenLogps = Readonly<Record<string, readonly number[]>>;

/** A row in tokens that training takes, with its number in the data. */
export type EncodedRow = EncodedExample & RowOrigin;

/** What the data hold of the reference. */
export interface GivenReference {
  readonly logps?: GivenLogps;
  /** How many rows have both numbers. */
  readonly rows: number;
  /** Whether some rows have both or one of them, and not all have both. */
  readonly partial?: boolean;
}

const noReferenceGiven: GivenReference = { rows: 0 };

/** A kind of row that can be trained on: how it is read, encoded and looked at. */
export interface RowKind<Given, Row extends EncodedRow> extends RowReader<Given> {
  /** What a user calls them. */
  readonly name: 'pairs' | 'answers' | 'rankings';
  readonly encode: Encoder<Given, Row>;
  /** The row's answers with these names, with what they have lost. */
  answers(row: Row, names: readonly string[]): readonly CutAnswer[];
  /** Of answers that were judged on their own: whether this one is desirable. */
  desirable?(row: Row): boolean;
  /** The reference log-probabilities in the data, when every row that is trained on has them, and how many rows have them. */
  referenceOf(rows: readonly Row[]): GivenReference;
}

/** The answers of a row that a method reads, with what they have lost. */
export function readAnswers<Given, Row extends EncodedRow>(
  kind: RowKind<Given, Row>,
  method: Method<Row>,
  row: Row,
): readonly CutAnswer[] {
  return kind.answers(row, Object.keys(answersOf(method.answers, row)));
}

/** Preference pairs: what most methods take. */
export const pairRows: RowKind<PreferencePair, EncodedPair & RowOrigin<'chosen' | 'rejected'>> = {
  name: 'pairs',
  read: readPreferences,
  join: joinPreferences,
  encode: encodePairs,
  answers: (row, names) =>
    (['chosen', 'rejected'] as const)
      .filter((name) => names.includes(name))
      .map((name) => ({ tokens: row[name], cut: row.cut[name] })),
  referenceOf(rows) {
    const some = rows.filter((row) => row.referenceChosenLogp !== undefined || row.referenceRejectedLogp !== undefined);
    const chosen: number[] = [];
    const rejected: number[] = [];
    for (const { referenceChosenLogp, referenceRejectedLogp } of some) {
      if (referenceChosenLogp === undefined || referenceRejectedLogp === undefined) continue;
      chosen.push(referenceChosenLogp);
      rejected.push(referenceRejectedLogp);
    }
    const both = chosen.length;
    if (both > 0 && both === rows.length) return { logps: { chosen, rejected }, rows: both };
    return { rows: both, partial: some.length > 0 };
  },
};

/** Answers that were judged one by one, for KTO. */
export const answerRows: RowKind<LabelledAnswer, EncodedAnswer & RowOrigin<'completion'>> = {
  name: 'answers',
  read: readLabelled,
  join: joinLabelled,
  encode: encodeAnswers,
  answers: ({ completion, cut }) => [{ tokens: completion, cut: cut.completion }],
  desirable: ({ desirable }) => desirable,
  referenceOf: () => noReferenceGiven,
};

/** Ranked lists of answers, for Plackett–Luce. */
export const rankingRows: RowKind<RankedList, EncodedRanking & RowOrigin> = {
  name: 'rankings',
  read: readRanked,
  join: joinRanked,
  encode: encodeRankings,
  answers: ({ answers, cut }) => answers.map((tokens, k) => ({ tokens, cut: cut[k] ?? 0 })),
  referenceOf: () => noReferenceGiven,
};
