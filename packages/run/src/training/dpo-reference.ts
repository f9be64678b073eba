import { DpoError, type EncodedExample } from '@dpo/base';
import {
  type Answers,
  answersOf,
  type Method,
  movingReference,
  noReference,
  precomputedReference,
  precomputedTokens,
  type Reference,
  referenceModel,
  sequenceLogps,
  tokenLogps,
  withoutAdapter,
} from '@dpo/core';
import { cloneModel, type LanguageModel } from '@dpo/models';
import type { RunContext } from '../context.js';
import { openModel } from '../inputs/open-model.js';
import { sharedScores } from '../workers/shared-scores.js';
import type { Scorer } from './draw-held-out.js';
import type { GivenLogps } from './row-kinds.js';

/** The reference of the training rows, and that of the held-out ones where it is another. */
export interface References {
  readonly train: Reference;
  readonly held: Reference | undefined;
  /** The reference as a model that can score other answers, where there is one. */
  readonly scorer?: Scorer | undefined;
}

/** What is open when the reference is made. */
export interface ReferenceInputs<Row> {
  readonly model: LanguageModel;
  readonly rows: readonly Row[];
  readonly heldRows: readonly Row[] | undefined;
  /** The reference log-probabilities that the data hold. */
  readonly givenLogps: GivenLogps | undefined;
}

/**
 * The reference that the options ask for: one that follows the policy, log-probabilities stored in the data or computed
 * before training, or a model that scores each batch: `--ref`, else the policy as it is now. Of an adapter's model the
 * adapter alone is kept a second time, and of a new adapter, which changes nothing yet, nothing is.
 *
 * A resumed run calls this before its checkpoint is read, so that the reference is again the policy as it first was.
 */
export async function dpoReference<Row extends EncodedExample>(
  options: {
    readonly ref?: string | undefined;
    readonly loraRank?: number | undefined;
    readonly precomputeReference: boolean;
    readonly refSyncSteps?: number | undefined;
    readonly refMixupAlpha?: number | undefined;
  },
  method: Method<Row>,
  inputs: ReferenceInputs<Row>,
  context: RunContext,
): Promise<References> {
  const { model, rows, heldRows } = inputs;
  const { loraRank } = options;
  // What is stored are sums of all tokens alike.
  const givenLogps = method.needs.reference === 'answers' ? inputs.givenLogps : undefined;
  if (method.needs.reference === undefined) return { train: noReference(), held: undefined };
  const beginning = describe(model, loraRank);
  if (options.refSyncSteps !== undefined) {
    const { refSyncSteps: everySteps, refMixupAlpha: mixup } = options;
    context.note(`Reference: ${beginning}; it follows the policy every ${everySteps} steps.`);
    return { train: await movingReference(model, { everySteps, mixup }), held: undefined };
  }
  if (options.ref === undefined && heldRows === undefined && !options.precomputeReference && givenLogps !== undefined) {
    await checkGivenLogps(model, method, rows, givenLogps);
    context.note(`Reference: the log-probabilities in the data, which are those of ${beginning}.`);
    return { train: precomputedReference(givenLogps), held: undefined };
  }
  const ref = options.ref === undefined ? undefined : (await openModel(model.engine, options.ref, context)).model;
  context.note(`Reference: ${options.ref ?? beginning}${options.precomputeReference ? ', computed once' : ''}.`);
  if (!options.precomputeReference) {
    if (ref !== undefined) return withScorer(ref);
    if (loraRank !== undefined)
      return { train: withoutAdapter(model), held: undefined, scorer: { model, adapter: false } };
    return withScorer(await cloneModel(model));
  }
  const compute = async (given: readonly Row[]) => {
    const scoring = {
      adapter: ref !== undefined || loraRank === undefined,
      signal: context.signal,
      onProgress: (done: number, total: number) =>
        context.progress(`Reference log-probabilities: ${done}/${total} rows`),
    };
    const groups = groupsOf(given, method);
    return method.needs.reference === 'tokens'
      ? precomputedTokens(byName(await tokenLogps(ref ?? model, groups, scoring), given, method))
      : precomputedReference(
          byName(
            await sharedScores(groups, (own) => sequenceLogps(ref ?? model, own, scoring), model.engine.collective),
            given,
            method,
          ),
        );
  };
  const references = {
    train: await compute(rows),
    held: heldRows === undefined ? undefined : await compute(heldRows),
  };
  ref?.dispose();
  return references;
}

/** The policy before its first step, in words. */
function describe({ adapter }: LanguageModel, loraRank: number | undefined): string {
  if (adapter === undefined) return 'the model as it is before training';
  return loraRank === undefined
    ? 'the base with the adapter as given'
    : 'the base, which the new adapter leaves as it is';
}

function withScorer(model: LanguageModel): References {
  return { train: referenceModel(model), held: undefined, scorer: { model, adapter: true } };
}

/** All answers of an example that the method reads or scores, by name. */
function namedAnswers<Row extends EncodedExample>(row: Row, { answers, scoredAnswers }: Method<Row>): Answers {
  return { ...answersOf(answers, row), ...(scoredAnswers && answersOf(scoredAnswers, row)) };
}

function groupsOf<Row extends EncodedExample>(rows: readonly Row[], method: Method<Row>) {
  return rows.map((row) => ({ prompt: row.prompt, answers: Object.values(namedAnswers(row, method)) }));
}

/** What is known of each answer of each row, by the answers' names and the rows' numbers. */
function byName<Row extends EncodedExample, Known>(
  logps: readonly (readonly Known[])[],
  rows: readonly Row[],
  method: Method<Row>,
): Record<string, Known[]> {
  const named: Record<string, Known[]> = {};
  rows.forEach((row, index) => {
    Object.keys(namedAnswers(row, method)).forEach((name, k) => {
      const column = named[name] ?? [];
      column[index] = logps[index]?.[k] as Known;
      named[name] = column;
    });
  });
  return named;
}

/** Rows that are computed again to see whether stored log-probabilities still hold. */
const CHECKED = 8;

/** Stored log-probabilities are of one model, one tokenizer and one way to encode: computes some again and compares. */
async function checkGivenLogps<Row extends EncodedExample>(
  model: LanguageModel,
  method: Method<Row>,
  given: readonly Row[],
  givenLogps: GivenLogps,
): Promise<void> {
  const count = Math.min(CHECKED, given.length);
  const rows = Array.from({ length: count }, (_, i) => Math.floor((i * given.length) / count));
  const groups = groupsOf(
    rows.map((row) => given[row] as Row),
    method,
  );
  const computed = await sequenceLogps(model, groups);
  rows.forEach((row, i) => {
    const inData = Object.keys(namedAnswers(given[row] as Row, method)).map(
      (name) => givenLogps[name]?.[row] as number,
    );
    const now = computed[i] as number[];
    const off = inData.findIndex((logp, side) => Math.abs(logp - (now[side] as number)) > 0.05 + 1e-3 * Math.abs(logp));
    if (off < 0) return;
    throw new DpoError(
      'reference.stale',
      `The reference log-probabilities in the data are not those of this model: in row ${row} ${inData[off]?.toFixed(3)} is ` +
        `stored, ${now[off]?.toFixed(3)} computed.`,
      {
        values: { row, stored: inData[off], computed: now[off] },
        hint: 'Was the data made with another model, or of texts that were cut (--no-eos)? --precompute-reference computes them anew.',
      },
    );
  });
}
