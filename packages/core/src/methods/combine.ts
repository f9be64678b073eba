import type { EncodedExample } from '@dpo/base';
import type * as tf from '@tensorflow/tfjs-core';
import {
  type AnswerReader,
  answersOf,
  type Columns,
  type ExampleInputs,
  type KeptState,
  type Method,
  type MethodInputs,
  type MethodTerms,
  type Needs,
  type Prepared,
  type StepView,
} from '../method.js';

/** A method inside a combination. It sees its own inputs, prepared numbers and trainables, under its own names. */
export interface Part {
  readonly name: string;
  apply(inputs: MethodInputs): MethodTerms;
}

/** What a combination of methods adds to its parts. */
export interface Combination<E extends EncodedExample> {
  readonly name: string;
  /** What the combination needs besides the needs of the parts. */
  readonly needs?: Needs | undefined;
  /** The combination's own inputs. `losses` finds them under these names, whatever the parts call their inputs. */
  readonly inputs?: ((example: E) => ExampleInputs) | undefined;
  /** The combination's losses from the parts' losses. A part may be applied to changed inputs. */
  losses(inputs: MethodInputs, parts: readonly Part[]): tf.Tensor1D; // [N]
}

/**
 * Combines methods into one. Every member of a method is combined here, so that no combination can lose a member: a sum or a
 * decorator says only what it does to losses. The parts' inputs have prefixes (`0/margin`), so that two parts, or one method
 * twice, never read each other's numbers. Answers of the same name are one answer.
 *
 * When several parts give a record of the same name, the first part's counts.
 */
export function combine<E extends EncodedExample>(parts: readonly Method<E>[], combination: Combination<E>): Method<E> {
  const members: { readonly [K in keyof Required<Method<E>>]: Method<E>[K] } = {
    name: combination.name,
    needs: allNeeds([combination.needs ?? {}, ...parts.map(({ needs }) => needs)]),
    answers: allAnswers(parts.map(({ answers }) => answers)),
    inputs: (example) =>
      joined([inputsOfParts(parts, example, (part) => part.inputs(example)), combination.inputs?.(example) ?? {}]),
    scoredAnswers: allScored(parts),
    prepare: parts.some(({ prepare }) => prepare !== undefined) ? (step) => prepareAll(parts, step) : undefined,
    apply: (inputs) => applyAll(parts, combination, inputs),
    records: (columns) => recordsOf(parts, columns),
    accepts: acceptedByAll(parts),
    trainables: new Map(
      parts.flatMap(({ trainables }, i) =>
        [...trainables].map(([name, variable]) => [scoped(i, name), variable] as const),
      ),
    ),
    state: allStates(parts),
  };
  return members;
}

/** What a decorator adds to its method. */
export interface Decoration<E extends EncodedExample> extends Omit<Combination<E>, 'losses'> {
  losses(inputs: MethodInputs, part: Part): tf.Tensor1D; // [N]
}

/** {@link combine} with one part. */
export function decorate<E extends EncodedExample>(method: Method<E>, decoration: Decoration<E>): Method<E> {
  return combine([method], { ...decoration, losses: (inputs, parts) => decoration.losses(inputs, parts[0] as Part) });
}

function allAnswers<E extends EncodedExample>(readers: readonly AnswerReader<E>[]): AnswerReader<E> {
  const tables = readers.filter((reader) => typeof reader !== 'function');
  if (tables.length === readers.length) return Object.assign({}, ...tables);
  return (example) => Object.assign({}, ...readers.map((reader) => answersOf(reader, example)));
}

function allScored<E extends EncodedExample>(parts: readonly Method<E>[]): AnswerReader<E> | undefined {
  const readers = parts.flatMap(({ scoredAnswers }) => (scoredAnswers === undefined ? [] : [scoredAnswers]));
  return readers.length === 0 ? undefined : allAnswers(readers);
}

/** The entries of the answers that a part reads. A part that names its answers by a function reads all. */
function readBy<E extends EncodedExample, T>(
  { answers }: Method<E>,
  entries: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  if (typeof answers === 'function') return entries;
  return Object.fromEntries(Object.entries(entries).filter(([name]) => Object.hasOwn(answers, name)));
}

function allNeeds(needs: readonly Needs[]): Needs {
  const references = needs.map(({ reference }) => reference);
  return {
    reference: references.find((kind) => kind === 'tokens') ?? references.find((kind) => kind !== undefined),
    alignments: needs.some(({ alignments }) => alignments),
    states: needs.some(({ states }) => states),
    others: needs.some(({ others }) => others),
  };
}

const scoped = (part: number, name: string) => `${part}/${name}`;

/** The entries of one part, under the part's own names. */
function unscoped<T>(entries: Readonly<Record<string, T>>, part: number): Record<string, T> {
  const prefix = scoped(part, '');
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}

function withPrefix<T>(entries: Readonly<Record<string, T>> = {}, part: number): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [scoped(part, name), value]));
}

/** The parts' inputs of an example, each under its part's prefix and in the order of the combination's answers. */
function inputsOfParts<E extends EncodedExample>(
  parts: readonly Method<E>[],
  example: E,
  inputsOf: (part: Method<E>, i: number) => ExampleInputs | undefined,
): ExampleInputs {
  return joined(
    parts.map((part, i) => {
      const { numbers, tokens } = inputsOf(part, i) ?? {};
      return {
        numbers: withPrefix(numbers, i),
        tokens: tokens && withPrefix(inOrder(tokens, orderOf(parts, part, example)), i),
      };
    }),
  );
}

function joined(inputs: readonly ExampleInputs[]): ExampleInputs {
  return {
    numbers: Object.assign({}, ...inputs.map(({ numbers }) => numbers)),
    tokens: Object.assign({}, ...inputs.map(({ tokens }) => tokens)),
  };
}

/** The place of each of the combination's answers among the part's answers; undefined for an answer that the part does not read. */
type Order = readonly (number | undefined)[];

function orderOf<E extends EncodedExample>(parts: readonly Method<E>[], part: Method<E>, example: E): Order {
  const own = Object.keys(answersOf(part.answers, example));
  const all = new Set(parts.flatMap(({ answers }) => Object.keys(answersOf(answers, example))));
  return [...all].map((name) => (own.includes(name) ? own.indexOf(name) : undefined));
}

/** Numbers of tokens in the order of the combination's answers. An answer that the part does not read has no numbers. */
function inOrder(
  tokens: NonNullable<ExampleInputs['tokens']>,
  order: Order,
): Readonly<Record<string, readonly Float32Array[]>> {
  const none = new Float32Array();
  return Object.fromEntries(
    Object.entries(tokens).map(([name, byAnswer]) => [
      name,
      order.map((place) => (place === undefined ? none : (byAnswer[place] ?? none))),
    ]),
  );
}

async function prepareAll<E extends EncodedExample>(parts: readonly Method<E>[], step: StepView<E>): Promise<Prepared> {
  const prepared: Prepared[] = [];
  for (const part of parts) {
    const score: StepView<E>['score'] = (answers = part.answers) => step.score(answers);
    prepared.push((await part.prepare?.({ ...step, score })) ?? {});
  }
  return {
    scalars: Object.assign({}, ...prepared.map(({ scalars }, i) => withPrefix(scalars, i))),
    examples: step.examples.map((example, e) => inputsOfParts(parts, example, (_, i) => prepared[i]?.examples?.[e])),
    records: Object.assign({}, ...prepared.map(({ records }) => records).reverse()),
  };
}

function applyAll<E extends EncodedExample>(
  parts: readonly Method<E>[],
  combination: Combination<E>,
  inputs: MethodInputs,
): MethodTerms {
  const columns: Record<string, tf.Tensor1D> = {};
  const views = parts.map(
    (part, i): Part => ({
      name: part.name,
      apply: ({ answers, tokens }) => {
        const terms = part.apply({
          answers: readBy(part, answers),
          tokens: {
            ...tokens,
            numbers: unscoped(inputs.tokens.numbers, i),
            sum: (ofTokens) => readBy(part, tokens.sum(ofTokens)),
          },
          numbers: unscoped(inputs.numbers, i),
          scalars: unscoped(inputs.scalars, i),
          trainable: (name) => inputs.trainable(scoped(i, name)),
        });
        Object.assign(columns, withPrefix(terms.columns, i));
        return terms;
      },
    }),
  );
  return { losses: combination.losses(inputs, views), columns };
}

function recordsOf<E extends EncodedExample>(parts: readonly Method<E>[], columns: Columns): Record<string, number> {
  return Object.assign({}, ...parts.map(({ records }, i) => records(unscoped(columns, i))).reverse());
}

function acceptedByAll<E extends EncodedExample>(parts: readonly Method<E>[]): Method<E>['accepts'] {
  if (parts.every(({ accepts }) => accepts === undefined)) return undefined;
  return (columns) => parts.every(({ accepts }, i) => accepts?.(unscoped(columns, i)) ?? true);
}

/** The states of all parts as one list. */
function allStates<E extends EncodedExample>(parts: readonly Method<E>[]): KeptState | undefined {
  if (parts.every(({ state }) => state === undefined)) return undefined;
  return {
    read: () => parts.map(({ state }) => state?.read() ?? null),
    write: (value) => {
      const values = Array.isArray(value) ? value : [];
      parts.forEach(({ state }, i) => {
        state?.write(values[i]);
      });
    },
  };
}
