import type { EncodedExample } from '@dpo/base';
import type { Engine, EngineFunction, Scope, Values, Variable } from '@dpo/engine';
import { alone, type Collective } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { parameters } from '../model.js';
import { globalNorm } from '../optimizers/clip.js';
import type { Optimizer } from '../optimizers/types.js';
import { answerSums } from './answer-sums.js';
import { type Computation, forward, packedBatch, referenceLogps, referenceSums } from './forward.js';
import { computeGradients, type TrainedVariable, trainedVariables } from './gradients.js';
import {
  decodeInputs,
  encodeInputs,
  mergeInputs,
  type Owned,
  type SomeOwned,
  scalarValue,
  scalarValues,
} from './inputs.js';
import { type OptimizerState, openOptimizerState } from './optimizer-state.js';
import { gatherColumns, outputsOf, type StepOutputs } from './outputs.js';
import { reduce } from './reduce.js';
import { type DividedWeight, shareWeights } from './share-weights.js';
import { type Slots, update } from './update.js';

/** The numbers of one update. */
interface UpdateOptions {
  readonly learningRate: number;
  /** The number of the update, from 1: the optimizer's t. */
  readonly t: number;
  /** Examples of the step over all workers. The update minimises the mean of their losses. */
  readonly examples: number;
}

/** The compiled functions of a training run, and the optimizer's state. */
export interface CompiledSteps {
  readonly optimizerState: OptimizerState;
  /**
   * One update from the mean of the losses over all examples of all micro-batches and all workers. `norm` is the gradient's
   * norm before clipping. When the norm is not finite, the weights stay as they were, and the optimizer's moments fade as with a
   * gradient of zero. When the method does not accept the update, weights and optimizer stay as they were.
   */
  update(
    batches: readonly SomeOwned<Values>[],
    options: UpdateOptions,
  ): Promise<{ readonly outputs: readonly StepOutputs[]; readonly norm: number; readonly accepted: boolean }>;
  /** The losses and columns of a micro-batch without an update. */
  evaluate(batch: SomeOwned<Values>): Promise<StepOutputs>;
  /** log π and log π_ref of each answer, [N·K] each, without a gradient. */
  score(batch: SomeOwned<Values>): Promise<{ readonly policy: Values; readonly reference: Values }>;
  /** Moves the reference towards the policy, when the reference moves after this step. */
  moveReference(step: number): Promise<void>;
  /** Frees functions and state. */
  dispose(): void;
}

/** The parts that a run's functions are compiled from. */
export interface StepOptions<E extends EncodedExample> extends Computation<E> {
  readonly optimizer: Optimizer;
  /** Gradients are scaled down to this global norm; `Infinity` never scales. */
  readonly maxGradNorm: number;
  /** Default: this worker alone. */
  readonly collective?: Collective | undefined;
  /** Whether workers divide the optimizer's state. Default false. */
  readonly shardOptimizer?: boolean | undefined;
}

/** Compiles a method, a model and an optimizer into the functions of a training run. */
export function compileSteps<E extends EncodedExample>(options: StepOptions<E>): CompiledSteps {
  const { optimizer, collective = alone } = options;
  const workshop = openWorkshop(options.model.engine);
  const weights = trainedVariables(options);
  const optimizerState = openOptimizerState({
    ...{ optimizer, weights, collective, variable: workshop.variable },
    divided: options.shardOptimizer ?? false,
  });
  const { slots, shares } = optimizerState;
  const updating = { ...options, weights, slots, shares };

  const fused = workshop.compile('train-step', (scope, inputs) => {
    const { gradients, outputs } = computeGradients(options, weights, scope, inputs);
    return { ...outputs, norm: update(updating, scope, gradients, inputs.optimizer).norm };
  });
  const evaluate = workshop.compile('evaluate', (scope, inputs) => {
    const none = { model: new Map(), method: new Map() };
    return outputsOf(forward(options, scope, inputs, none, referenceLogps(scope, options.reference, inputs)));
  });
  const score = workshop.compile('score', (scope, inputs) => scores(options, scope, inputs));
  const moveReference = workshop.compile('move-reference', (scope) => move(options, scope));
  const accumulator = once(() => openAccumulator(workshop, updating));

  return {
    optimizerState,
    async update(batches, { learningRate, t, examples }) {
      const common: SomeOwned<Values> = { step: { scale: scalarValue(1 / examples), draw: int32(t) } };
      const rates: SomeOwned<Values> = { optimizer: scalarValues(optimizer.scalars(learningRate, t)) };
      const [first] = batches;
      const { accepts } = options.method;
      if (batches.length === 1 && first !== undefined && collective.size === 1 && accepts === undefined) {
        const output = await fused(mergeInputs(mergeInputs(first, common), rates));
        return { outputs: [output], norm: numberOf(output.norm), accepted: true };
      }
      const { add, sums, apply, discard } = accumulator();
      const outputs: StepOutputs[] = [];
      for (const batch of batches) outputs.push(await add(mergeInputs(batch, common)));
      await reduce(collective, sums);
      const accepted = accepts?.((await gatherColumns(outputs, collective)).columns) ?? true;
      const { norm, ...values } = accepted ? await apply(rates) : await discard({});
      if (accepted) await shareWeights(collective, dividedWeights(weights, shares, values));
      return { outputs, norm: numberOf(norm), accepted };
    },
    evaluate,
    async score(batch) {
      const { policy, reference } = await score(batch);
      return { policy: policy as Values, reference: reference as Values };
    },
    async moveReference(step) {
      const { moving } = options.reference;
      if (moving !== undefined && step % moving.everySteps === 0) await moveReference({});
    },
    dispose: () => workshop.dispose(),
  };
}

type Compiled = (inputs: SomeOwned<Values>) => Promise<StepOutputs>;

/** Makes the variables and functions of a run, and frees them together. */
interface Workshop {
  variable(name: string, shape: readonly number[]): Variable;
  compile(name: string, body: (scope: Scope, inputs: Owned<tf.Tensor>) => Record<string, tf.Tensor>): Compiled;
  dispose(): void;
}

function openWorkshop(engine: Engine): Workshop {
  const variables: Variable[] = [];
  const functions: EngineFunction<string, string>[] = [];
  return {
    variable(name, shape) {
      const variable = engine.variable(name, shape);
      variables.push(variable);
      return variable;
    },
    compile(name, body) {
      const compiled = engine.function<string, string>(name, (scope, inputs) => body(scope, decodeInputs(inputs)));
      functions.push(compiled);
      return (inputs) => compiled(encodeInputs(inputs));
    },
    dispose() {
      for (const compiled of functions) compiled.dispose();
      for (const variable of variables) variable.dispose();
    },
  };
}

/** The divided weights, with the values of this worker's shares. */
function dividedWeights(
  weights: readonly TrainedVariable[],
  shares: OptimizerState['shares'],
  outputs: StepOutputs,
): readonly DividedWeight[] {
  return weights.flatMap(({ name, variable }) => {
    const values = outputs[`${SHARE}${name}`]?.data as Float32Array;
    return shares.has(name) ? [{ variable, values }] : [];
  });
}

/** Begins the names of outputs with new values of shares. */
const SHARE = 'share/';

/** The sums of the gradients of several micro-batches, or of several workers. They take as much memory as the weights. */
function openAccumulator<E extends EncodedExample>(
  workshop: Workshop,
  updating: StepOptions<E> & {
    readonly weights: readonly TrainedVariable[];
    readonly slots: Slots;
    readonly shares: OptimizerState['shares'];
  },
) {
  const { weights } = updating;
  const sums = weights.map(({ name, variable }) => workshop.variable(`gradient-sum/${name}`, variable.shape));
  const empty = (scope: Scope, totals: readonly tf.Tensor[]) => {
    sums.forEach((sum, i) => {
      scope.assign(sum, tf.zerosLike(totals[i] as tf.Tensor));
    });
  };
  return {
    sums,
    add: workshop.compile('accumulate', (scope, inputs) => {
      const { gradients, outputs } = computeGradients(updating, weights, scope, inputs);
      sums.forEach((sum, i) => {
        scope.assign(sum, tf.add(scope.read(sum), gradients[i] as tf.Tensor));
      });
      return outputs;
    }),
    apply: workshop.compile('apply', (scope, inputs) => {
      const totals = sums.map((sum) => scope.read(sum));
      const { norm, values } = update(updating, scope, totals, inputs.optimizer);
      empty(scope, totals);
      return { norm, ...Object.fromEntries(Object.entries(values).map(([name, value]) => [`${SHARE}${name}`, value])) };
    }),
    discard: workshop.compile('discard', (scope) => {
      const totals = sums.map((sum) => scope.read(sum));
      const norm = globalNorm(totals);
      empty(scope, totals);
      return { norm };
    }),
  };
}

function scores<E extends EncodedExample>(
  { model, reference }: Computation<E>,
  scope: Scope,
  inputs: Owned<tf.Tensor>,
): Record<string, tf.Tensor> {
  const { packed } = packedBatch(inputs);
  const { logps } = model.tokenLogps(parameters(model, scope), packed);
  const ofReference = referenceSums(referenceLogps(scope, reference, inputs), packed);
  return { policy: answerSums(logps, packed), reference: tf.reshape(ofReference, [packed.sequences]) };
}

function move<E extends EncodedExample>({ model, reference }: Computation<E>, scope: Scope): Record<string, tf.Tensor> {
  const { variables = new Map<string, Variable>(), mixup = 1 } = reference.moving ?? {};
  for (const [name, variable] of variables) {
    const policy = scope.read(model.trainable().get(name) as Variable);
    scope.assign(variable, tf.add(tf.mul(policy, mixup), tf.mul(scope.read(variable), 1 - mixup)));
  }
  return {};
}

function int32(value: number): Values {
  return { dtype: 'int32', shape: [], data: Int32Array.of(value) };
}

function numberOf(values: Values | undefined): number {
  return values?.data[0] ?? Number.NaN;
}

function once<T>(make: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => {
    result ??= { value: make() };
    return result.value;
  };
}
