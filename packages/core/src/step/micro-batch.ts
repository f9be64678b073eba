import { DpoError, type EncodedExample, type PackedBatch, type PromptGroup } from '@dpo/base';
import { packedValues } from '@dpo/base/packing';
import type { Values } from '@dpo/engine';
import { type AnswerReader, answersOf, type ExampleInputs, type Method } from '../method.js';
import type { Reference } from '../reference.js';
import { dropoutNumbers } from './dropout-numbers.js';
import { type SomeOwned, vectorValue } from './inputs.js';

/** An example of a step, with its number in the data and its place in the step. */
export interface StepExample<E extends EncodedExample> {
  readonly example: E;
  /** The example's number in the data, which references and errors go by. For an example from elsewhere: its place in the batch. */
  readonly index: number;
  /** The example's place in the whole step, over all workers. */
  readonly place: number;
}

/** The prompt of an example, with the answers that the method reads. */
export function groupOf<E extends EncodedExample>(example: E, reader: AnswerReader<E>): PromptGroup {
  return { prompt: example.prompt, answers: Object.values(answersOf(reader, example)) };
}

/** The parts that the inputs of one call are made from. */
export interface MicroBatchParts<E extends EncodedExample> {
  /** The examples of the packed batch, in its order. */
  readonly examples: readonly StepExample<E>[];
  readonly batch: PackedBatch;
  readonly answers: AnswerReader<E>;
  readonly reference: Reference;
}

/** The inputs that scoring needs: packed tokens, lengths, and the numbers of a precomputed reference. */
export function scoringInputs<E extends EncodedExample>(parts: MicroBatchParts<E>): SomeOwned<Values> {
  const { examples, batch, answers, reference } = parts;
  const names = Object.keys(answersOf(answers, (examples[0] as StepExample<E>).example));
  const count = names.length;
  const lengths = names.map((name, k) => [
    name,
    vectorValue(examples.map((_, i) => batch.lengths[i * count + k] as number)),
  ]);
  const logps = reference.numbers?.({ indices: examples.map(({ index }) => index), names });
  return {
    batch: packedValues(batch),
    lengths: Object.fromEntries(lengths) as Record<string, Values>,
    reference:
      logps === undefined
        ? {}
        : logps.kind === 'answers'
          ? { answers: { ...vectorValue(logps.values.flat()), shape: [examples.length, count] } }
          : { tokens: tokenValues(logps.values, batch) },
  };
}

/**
 * The inputs of a training step or an evaluation: {@link scoringInputs}, and all numbers that the method reads.
 *
 * @throws DpoError `train.missing-number` when an example lacks a number that the method reads
 */
export function methodInputs<E extends EncodedExample>(
  parts: MicroBatchParts<E> & {
    readonly method: Method<E>;
    /** The inputs of each example that the method's `prepare` returned. */
    readonly prepared?: readonly ExampleInputs[] | undefined;
    /** True when dropout is on. */
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
    vectorValue(inputs.map(({ numbers }, i) => finiteNumber(numbers[name], name, examples[i] as StepExample<E>))),
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

/** Numbers of the tokens of each answer of each example, [N][K], as a vector in the order of the batch's targets, [R]. */
function tokenValues(numbers: readonly (readonly ArrayLike<number>[])[], { sequence }: PackedBatch): Values {
  const byAnswer = numbers.flat();
  const next = new Uint32Array(byAnswer.length);
  // Entries that only fill the batch up belong to no answer; an answer without numbers gets zeros.
  return vectorValue(
    Array.from(sequence, (s) => {
      const token = next[s] ?? 0;
      next[s] = token + 1;
      return byAnswer[s]?.[token] ?? 0;
    }),
  );
}

function finiteNumber<E extends EncodedExample>(
  value: number | undefined,
  name: string,
  { index }: StepExample<E>,
): number {
  if (value !== undefined && Number.isFinite(value)) return value;
  // Parts of a combined method have their inputs under prefixes.
  const plain = name.slice(name.lastIndexOf('/') + 1);
  throw new DpoError('train.missing-number', `Row ${index} has no ${plain}, which the method reads.`, {
    values: { row: index, name: plain },
    hint: `Give every row a finite ${plain}, or train without.`,
  });
}
