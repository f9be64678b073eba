import { ktoMethod, type Method, plackettLuceMethod, withWeights } from '@dpo/core';
import type { z } from 'zod';
import type { trainOptions } from '../options/train-options.js';
import { pairMethod } from './pair-method.js';
import { answerRows, type DataExample, pairRows, type RowKind, rankingRows } from './row-kinds.js';

/** The options of `dpo train`, checked, with their defaults. */
export type TrainSettings = z.output<typeof trainOptions>;

/** Work with a method and the kind of rows that the method takes. */
export type MethodWork<Result> = <Row, Example extends DataExample>(
  rows: RowKind<Row, Example>,
  method: Method<Example>,
) => Promise<Result>;

type Choice = <Result>(settings: TrainSettings, work: MethodWork<Result>) => Promise<Result>;

/** Methods that read other rows than pairs, by the methods' names. */
const methodsOfRows: Readonly<Record<string, Choice>> = {
  kto: (settings, work) => weighted(answerRows, ktoMethod(settings), settings, work),
  'plackett-luce': (settings, work) =>
    weighted(rankingRows, plackettLuceMethod({ beta: settings.beta }), settings, work),
};

const ofPairs: Choice = (settings, work) => weighted(pairRows, pairMethod(settings), settings, work);

/** Does work with the method that the options name. */
export function methodOfRows<Result>(settings: TrainSettings, work: MethodWork<Result>): Promise<Result> {
  const choice = settings.lossType === undefined ? (methodsOfRows[settings.method] ?? ofPairs) : ofPairs;
  return choice(settings, work);
}

function weighted<Row, Example extends DataExample, Result>(
  rows: RowKind<Row, Example>,
  method: Method<Example>,
  { rowWeights }: TrainSettings,
  work: MethodWork<Result>,
): Promise<Result> {
  return work(rows, rowWeights ? withWeights(method) : method);
}
