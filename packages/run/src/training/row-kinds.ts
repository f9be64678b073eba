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

/** Log-probabilities in the data: a number to each row, by the answers' names. */
export type GivenLogps = Readonly<Record<string, readonly number[]>>;

/** An example of the data, with the number of its row. */
export type DataExample = EncodedExample & RowOrigin;

/** The reference log-probabilities in the data. */
export interface GivenReference {
  /** The numbers of all rows. Undefined when some row lacks them. */
  readonly logps?: GivenLogps;
  /** How many rows have the numbers of all their answers. */
  readonly rows: number;
  /** Whether some rows have numbers, and some row lacks a number. */
  readonly partial?: boolean;
}

const noReferenceGiven: GivenReference = { rows: 0 };

/** A kind of row that can be trained on: how rows are read and encoded, and what their examples hold. */
export interface RowKind<Row, Example extends DataExample> extends RowReader<Row> {
  /** What a user calls the rows. */
  readonly name: 'pairs' | 'answers' | 'rankings';
  readonly encode: Encoder<Row, Example>;
  /** The example's answers with these names, and how many tokens were cut from each. */
  answers(example: Example, names: readonly string[]): readonly CutAnswer[];
  /** Whether the answer of an example is desirable. Only kinds of judged answers have this function. */
  desirable?(example: Example): boolean;
  /** The reference log-probabilities that the data hold for the examples. */
  referenceOf(examples: readonly Example[]): GivenReference;
}

/** The answers of an example that a method reads, and how many tokens were cut from each. */
export function readAnswers<Row, Example extends DataExample>(
  kind: RowKind<Row, Example>,
  method: Method<Example>,
  example: Example,
): readonly CutAnswer[] {
  return kind.answers(example, Object.keys(answersOf(method.answers, example)));
}

/** Preference pairs: what most methods take. */
export const pairRows: RowKind<PreferencePair, EncodedPair & RowOrigin<'chosen' | 'rejected'>> = {
  name: 'pairs',
  read: readPreferences,
  join: joinPreferences,
  encode: encodePairs,
  answers: (pair, names) =>
    (['chosen', 'rejected'] as const)
      .filter((name) => names.includes(name))
      .map((name) => ({ tokens: pair[name], cut: pair.cut[name] })),
  referenceOf(pairs) {
    const some = pairs.filter(
      ({ referenceChosenLogp, referenceRejectedLogp }) =>
        referenceChosenLogp !== undefined || referenceRejectedLogp !== undefined,
    );
    const chosen: number[] = [];
    const rejected: number[] = [];
    for (const { referenceChosenLogp, referenceRejectedLogp } of some) {
      if (referenceChosenLogp === undefined || referenceRejectedLogp === undefined) continue;
      chosen.push(referenceChosenLogp);
      rejected.push(referenceRejectedLogp);
    }
    const both = chosen.length;
    if (both > 0 && both === pairs.length) return { logps: { chosen, rejected }, rows: both };
    return { rows: both, partial: some.length > 0 };
  },
};

/** Judged answers, for KTO. */
export const answerRows: RowKind<LabelledAnswer, EncodedAnswer & RowOrigin<'completion'>> = {
  name: 'answers',
  read: readLabelled,
  join: joinLabelled,
  encode: encodeAnswers,
  answers: ({ completion, cut }) => [{ tokens: completion, cut: cut.completion }],
  desirable: ({ desirable }) => desirable,
  referenceOf: () => noReferenceGiven,
};

/** Rankings, for Plackett–Luce. */
export const rankingRows: RowKind<RankedList, EncodedRanking & RowOrigin> = {
  name: 'rankings',
  read: readRanked,
  join: joinRanked,
  encode: encodeRankings,
  answers: ({ answers, cut }) => answers.map((tokens, k) => ({ tokens, cut: cut[k] ?? 0 })),
  referenceOf: () => noReferenceGiven,
};
