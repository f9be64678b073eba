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
import type { Engine } from '@dpo/engine';
import { cloneModel, type LanguageModel, type Rounding } from '@dpo/models';
import type { RunContext } from '../context.js';
import { type FrozenOptions, tellStorage } from '../inputs/frozen-storage.js';
import { openModel } from '../inputs/open-model.js';
import type { Scorer } from './draw-held-out.js';
import type { GivenLogps } from './row-kinds.js';

/** The reference of the examples, and of the held-out examples. */
export interface References {
  readonly train: Reference;
  /** The reference of the held-out examples. Undefined: the same as `train`. */
  readonly heldOut: Reference | undefined;
  /** The reference as a model that can score other answers. Undefined for a reference that is no model. */
  readonly scorer?: Scorer | undefined;
}

/** The policy and the examples for which a reference is made. */
export interface ReferenceInputs<Example> {
  /** The policy before its first step. */
  readonly model: LanguageModel;
  readonly examples: readonly Example[];
  readonly heldOut: readonly Example[] | undefined;
  /** The reference log-probabilities in the data, if every example has them. */
  readonly givenLogps: GivenLogps | undefined;
}

/**
 * The reference that the options ask for:
 *
 * - a reference that follows the policy (`refSyncSteps`)
 * - log-probabilities from the data
 * - log-probabilities computed before training (`precomputeReference`)
 * - a model that scores each batch: `ref`, else the policy as it is now
 *
 * The policy is kept a second time as the reference. Of a policy with an adapter the adapter alone is kept twice; of a policy with
 * a new adapter, which changes nothing yet, nothing is.
 *
 * A resumed run calls this function before its checkpoint is read, so that the reference is again the policy before its first
 * step.
 *
 * @throws DpoError `reference.stale` when log-probabilities in the data are not those of the model; the errors of `openModel`
 */
export async function dpoReference<Example extends EncodedExample>(
  options: {
    readonly ref?: string | undefined;
    readonly loraRank?: number | undefined;
    readonly precomputeReference: boolean;
    readonly refSyncSteps?: number | undefined;
    readonly refMixupAlpha?: number | undefined;
  } & FrozenOptions,
  method: Method<Example>,
  inputs: ReferenceInputs<Example>,
  context: RunContext,
): Promise<References> {
  const { model, examples, heldOut } = inputs;
  const { loraRank } = options;
  // The data hold sums over all tokens, which do for methods that weigh all tokens alike.
  const givenLogps = method.needs.reference === 'answers' ? inputs.givenLogps : undefined;
  if (method.needs.reference === undefined) return { train: noReference(), heldOut: undefined };
  const beginning = describe(model, loraRank);
  if (options.refSyncSteps !== undefined) {
    const { refSyncSteps: everySteps, refMixupAlpha: mixup } = options;
    context.note(`Reference: ${beginning}; it follows the policy every ${everySteps} steps.`);
    return { train: await movingReference(model, { everySteps, mixup }), heldOut: undefined };
  }
  if (options.ref === undefined && heldOut === undefined && !options.precomputeReference && givenLogps !== undefined) {
    await checkGivenLogps(model, method, examples, givenLogps);
    context.note(`Reference: the log-probabilities in the data, which are those of ${beginning}.`);
    return { train: precomputedReference(givenLogps), heldOut: undefined };
  }
  const ref = options.ref === undefined ? undefined : await openReference(model.engine, options.ref, options, context);
  context.note(`Reference: ${options.ref ?? beginning}${options.precomputeReference ? ', computed once' : ''}.`);
  if (!options.precomputeReference) {
    if (ref !== undefined) return withScorer(ref);
    if (loraRank !== undefined)
      return { train: withoutAdapter(model), heldOut: undefined, scorer: { model, adapter: false } };
    return withScorer(await copyOf(model, options, context));
  }
  const compute = async (some: readonly Example[]) => {
    const scoring = {
      adapter: ref !== undefined || loraRank === undefined,
      signal: context.signal,
      collective: model.engine.collective,
      onProgress: (done: number, total: number) =>
        context.progress(`Reference log-probabilities: ${done}/${total} rows`),
    };
    const groups = groupsOf(some, method);
    return method.needs.reference === 'tokens'
      ? precomputedTokens(byName(await tokenLogps(ref ?? model, groups, scoring), some, method))
      : precomputedReference(byName(await sequenceLogps(ref ?? model, groups, scoring), some, method));
  };
  const references = {
    train: await compute(examples),
    heldOut: heldOut === undefined ? undefined : await compute(heldOut),
  };
  ref?.dispose();
  return references;
}

async function openReference(
  engine: Engine,
  name: string,
  { baseDtype }: FrozenOptions,
  context: RunContext,
): Promise<LanguageModel> {
  return (await openModel(engine, name, context, { frozen: true, baseDtype })).model;
}

/** A copy of the policy as it is now. */
async function copyOf(model: LanguageModel, options: FrozenOptions, context: RunContext): Promise<LanguageModel> {
  let rounding: Rounding | undefined;
  const copy = await cloneModel(model, {
    storage: options.baseDtype,
    onRounding: (changed) => {
      rounding = changed;
    },
  });
  // A policy with an adapter shares its base, of which has been told.
  if (model.adapter === undefined) tellStorage('The reference', copy, options, rounding, context);
  return copy;
}

/** The policy before its first step, in words. */
function describe({ adapter }: LanguageModel, loraRank: number | undefined): string {
  if (adapter === undefined) return 'the model as it is before training';
  return loraRank === undefined
    ? 'the base with the adapter as given'
    : 'the base, which the new adapter leaves as it is';
}

function withScorer(model: LanguageModel): References {
  return { train: referenceModel(model), heldOut: undefined, scorer: { model, adapter: true } };
}

/** All answers of an example that the method reads or scores, by name. */
function namedAnswers<Example extends EncodedExample>(
  example: Example,
  { answers, scoredAnswers }: Method<Example>,
): Answers {
  return { ...answersOf(answers, example), ...(scoredAnswers && answersOf(scoredAnswers, example)) };
}

function groupsOf<Example extends EncodedExample>(examples: readonly Example[], method: Method<Example>) {
  return examples.map((example) => ({
    prompt: example.prompt,
    answers: Object.values(namedAnswers(example, method)),
  }));
}

/** The log-probabilities of each answer of each example, by the answers' names and the examples' indices. */
function byName<Example extends EncodedExample, Logps>(
  logps: readonly (readonly Logps[])[],
  examples: readonly Example[],
  method: Method<Example>,
): Record<string, Logps[]> {
  const columns: Record<string, Logps[]> = {};
  examples.forEach((example, index) => {
    Object.keys(namedAnswers(example, method)).forEach((name, k) => {
      const column = columns[name] ?? [];
      column[index] = logps[index]?.[k] as Logps;
      columns[name] = column;
    });
  });
  return columns;
}

/** How many examples are computed again to see whether log-probabilities in the data still hold. */
const CHECKED_EXAMPLES = 8;

/** Log-probabilities in the data belong to one model, one tokenizer and one way to encode: computes some again and compares. */
async function checkGivenLogps<Example extends EncodedExample>(
  model: LanguageModel,
  method: Method<Example>,
  examples: readonly Example[],
  givenLogps: GivenLogps,
): Promise<void> {
  const count = Math.min(CHECKED_EXAMPLES, examples.length);
  const rows = Array.from({ length: count }, (_, i) => Math.floor((i * examples.length) / count));
  const groups = groupsOf(
    rows.map((row) => examples[row] as Example),
    method,
  );
  const logps = await sequenceLogps(model, groups);
  rows.forEach((row, i) => {
    const inData = Object.keys(namedAnswers(examples[row] as Example, method)).map(
      (name) => givenLogps[name]?.[row] as number,
    );
    const now = logps[i] as number[];
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
