import type { EncodedExample } from '@dpo/base';
import type { Collective, Values } from '@dpo/engine';
import type { Packer } from '../batches/packing.js';
import {
  type AnswerReader,
  answersOf,
  type Method,
  type Prepared,
  type ScoredExample,
  type StepView,
} from '../method.js';
import type { Reference } from '../reference.js';
import type { CompiledSteps } from './compile-steps.js';
import type { SomeOwned } from './inputs.js';
import { mergeInputs, scalarValues } from './inputs.js';
import { groupOf, methodInputs, type StepExample, scoringInputs } from './micro-batch.js';

/** The context that a step is prepared in. */
export interface StepContext<E extends EncodedExample> {
  readonly compiled: Pick<CompiledSteps, 'score'>;
  readonly method: Method<E>;
  readonly reference: Reference;
  readonly pack: Packer;
  readonly collective: Collective;
  /** False in an evaluation. */
  readonly training: boolean;
  /** True when the model has dropout in training. */
  readonly dropping?: boolean | undefined;
}

/** A step before its update. */
export interface PreparedStep {
  /** The inputs of each micro-batch. */
  readonly batches: readonly SomeOwned<Values>[];
  /** Numbers for the record from the method's preparation. */
  readonly records: Readonly<Record<string, number>>;
}

/** Runs the method's preparation over the whole step, then packs the step into micro-batches with all that the method reads. */
export async function prepareStep<E extends EncodedExample>(
  examples: readonly StepExample<E>[],
  context: StepContext<E>,
): Promise<PreparedStep> {
  const { method, reference, pack, training } = context;
  const prepared: Prepared = (await method.prepare?.(viewOf(examples, context))) ?? {};
  const parts = pack(examples.map(({ example }) => groupOf(example, method.answers)));
  const scalars: SomeOwned<Values> = { scalars: scalarValues(prepared.scalars ?? {}) };
  const dropping = training && context.dropping;
  const batches = parts.map(({ indices, batch }) =>
    mergeInputs(
      methodInputs({
        examples: indices.map((g) => examples[g] as StepExample<E>),
        prepared: prepared.examples && indices.map((g) => prepared.examples?.[g] ?? {}),
        ...{ batch, answers: method.answers, method, reference, dropping },
      }),
      scalars,
    ),
  );
  return {
    batches,
    records: prepared.records ?? {},
  };
}

function viewOf<E extends EncodedExample>(examples: readonly StepExample<E>[], context: StepContext<E>): StepView<E> {
  const { method, collective, training } = context;
  return {
    examples: examples.map(({ example }) => example),
    collective,
    training,
    score: (answers = method.answers) => scoreStep(examples, answers, context),
  };
}

/** log π and log π_ref of answers of each example, in the examples' order. */
async function scoreStep<E extends EncodedExample>(
  examples: readonly StepExample<E>[],
  answers: AnswerReader<E>,
  { compiled, reference, pack }: StepContext<E>,
): Promise<ScoredExample[]> {
  const results: ScoredExample[] = [];
  for (const { indices, batch } of pack(examples.map(({ example }) => groupOf(example, answers)))) {
    const inBatch = indices.map((g) => examples[g] as StepExample<E>);
    const logps = await compiled.score(scoringInputs({ examples: inBatch, batch, answers, reference }));
    indices.forEach((g, i) => {
      const names = Object.keys(answersOf(answers, (examples[g] as StepExample<E>).example));
      const of = ({ data }: Values) =>
        Object.fromEntries(names.map((name, k) => [name, data[i * names.length + k] as number]));
      results[g] = { policy: of(logps.policy), reference: of(logps.reference) };
    });
  }
  return results;
}
