import { DpoError, type EncodedExample, type PackedBatch, type PromptGroup } from '@dpo/base';
import { packedValues } from '@dpo/base/packing';
import type { Values } from '@dpo/engine';
import { type AnswerReader, answersOf, type ExampleInputs, type Method } from '../method.js';
import type { Reference } from '../reference.js';
import { dropoutNumbers } from './dropout-numbers.js';
import { type SomeOwned, vectorValue } from './inputs.js';

/** An example of a step, with the numbers that it has from elsewhere. */
export interface StepExample<E extends EncodedExample> {
  readonly example: E;
  /** Its number in the data, where it is of the data; else its place in the step. For references and for errors. */
  readonly index: number;
  /** Its place in the whole step, over all workers. */
  readonly place: number;
}

/** The prompt of an example with the answers that are read of it. */
export function groupOf<E extends EncodedExample>(example: E, reader: AnswerReader<E>): PromptGroup {
  return { prompt: example.prompt, answers: Object.values(answersOf(reader, example)) };
}

/** What the inputs of one call are made of. */
export interface MicroBatchParts<E extends EncodedExample> {
  /** The examples of the packed batch, in its order. */
  readonly examples: readonly StepExample<E>[];
  readonly batch: PackedBatch;
  readonly answers: AnswerReader<E>;
  readonly reference: Reference;
}

/** The inputs that scoring needs: packed tokens, lengths, and the reference's numbers where it has any. */
export function scoringInputs<E extends EncodedExample>(parts: MicroBatchParts<E>): SomeOwned<Values> {
  const { examples, batch, answers, reference } = parts;
  const names = Object.keys(answersOf(answers, (examples[0] as StepExample<E>).example));
  const count = names.length;
  const lengths = names.map((name, k) => [
    name,
    vectorValue(examples.map((_, i) => batch.lengths[i * count + k] as number)),
  ]);
  const given = reference.numbers?.({ indices: examples.map(({ index }) => index), names });
  return {
    batch: packedValues(batch),
    lengths: Object.fromEntries(lengths) as Record<string, Values>,
    reference:
      given === undefined
        ? {}
        : given.kind === 'answers'
          ? { answers: { ...vectorValue(given.values.flat()), shape: [examples.length, count] } }
          : { tokens: tokenValues(given.values, batch) },
  };
}

/** The inputs of a training step or an evaluation: {@link scoringInputs}, and all numbers that the method reads. */
export function methodInputs<E extends EncodedExample>(
  parts: MicroBatchParts<E> & {
    readonly method: Method<E>;
    /** What the method prepared, for each example. */
    readonly prepared?: readonly ExampleInputs[] | undefined;
    /** Whether the model drops elements in training. */
    readonly dropping?: boolean | undefined;
  },
): SomeOwned<Values> {
  const { examples, batch, method, prepared } = parts;
  const inputs = examples.map(({ example }, i) => {
    const own = method.inputs(example);
    return {
      numbers: { ...own.numbers, ...prepared?.[i]?.numbers },
      tokens: { ...own.tokens, ...prepared?.[i]?.tokens },
    };
  });
  const scoring = scoringInputs({ ...parts, answers: method.answers });
  const numbers = Object.keys(inputs[0]?.numbers ?? {}).map((name) => [
    name,
    vectorValue(inputs.map(({ numbers }, i) => present(numbers[name], name, examples[i] as StepExample<E>))),
  ]);
  const tokens = Object.keys(inputs[0]?.tokens ?? {}).map((name) => [
    name,
    tokenValues(
      inputs.map(({ tokens }) => tokens[name] ?? []),
      batch,
    ),
  ]);
  return {
    ...scoring,
    batch: {
      ...scoring.batch,
      ...(parts.dropping
        ? {
            dropoutNumbers: dropoutNumbers(
              batch,
              examples.map(({ place }) => place),
            ),
          }
        : {}),
    },
    numbers: Object.fromEntries(numbers) as Record<string, Values>,
    tokens: Object.fromEntries(tokens) as Record<string, Values>,
  };
}

/** Numbers of the tokens of each answer of each example, [N][K], in the order in which the batch predicts the tokens. */
function tokenValues(given: readonly (readonly ArrayLike<number>[])[], { sequence }: PackedBatch): Values {
  const byAnswer = given.flat();
  const next = new Uint32Array(byAnswer.length);
  // Filling entries are of no answer; an answer without numbers has zeros.
  return vectorValue(
    Array.from(sequence, (s) => {
      const token = next[s] ?? 0;
      next[s] = token + 1;
      return byAnswer[s]?.[token] ?? 0;
    }),
  );
}

function present<E extends EncodedExample>(value: number | undefined, name: string, { index }: StepExample<E>): number {
  if (value !== undefined && Number.isFinite(value)) return value;
  // Parts of a combined method have their inputs under prefixes.
  const plain = name.slice(name.lastIndexOf('/') + 1);
  throw new DpoError('train.missing-number', `Row ${index} has no ${plain}, which the method reads.`, {
    values: { row: index, name: plain },
    hint: `Give every row a finite ${plain}, or train without.`,
  });
}
