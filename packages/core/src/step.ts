import type { EncodedExample } from '@dpo/base';
import type { EngineFunction, Scope, Values, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { batchInputs, parameters, scalarValue, type TrainableModel } from './batch.js';
import type { Method, StepLogps } from './method.js';
import type { MicroBatch } from './micro-batches.js';
import { clipCoefficient, globalNorm, scaleOrZero } from './optimizers/clip.js';
import { type Optimizer, slotShapes } from './optimizers/types.js';
import type { Reference } from './reference.js';

type Outputs = Readonly<Record<string, Values>>;
type Tensors = Readonly<Record<string, tf.Tensor>>;

/** The compiled side of training: one function to a phase, and the optimizer's state. */
export interface CompiledSteps {
  /** The optimizer's state by weight and slot. */
  readonly slots: ReadonlyMap<string, Readonly<Record<string, Variable>>>;
  /**
   * One update from the sum of the losses of all micro-batches over the sum of their divisors: the mean over all rows for
   * most methods, however many micro-batches there are.
   * `norm` is the gradient's before clipping; where it is not finite the weights stay as they were, and the
   * optimizer's moments fade as with a gradient of zero.
   */
  update(
    batches: readonly MicroBatch[],
    learningRate: number,
    t: number,
    baseline?: number,
  ): Promise<{ readonly outputs: readonly Outputs[]; readonly norm: number }>;
  /** The same numbers of each row without an update. */
  evaluate(batch: MicroBatch, baseline?: number): Promise<Outputs>;
  /** log π and log π_ref of each answer: what a method knows of a step before it sees its parts. */
  logps(batch: MicroBatch): Promise<StepLogps>;
  /** Moves the reference towards the policy, where this step is one of those that do. */
  moveReference(step: number): Promise<void>;
  /** Frees functions and state. */
  dispose(): void;
}

export interface StepOptions<Row extends EncodedExample> {
  readonly model: TrainableModel;
  readonly method: Method<Row>;
  readonly reference: Reference;
  readonly optimizer: Optimizer;
  readonly maxGradNorm: number;
  readonly activationCheckpointing?: boolean | undefined;
}

/** Compiles a method, a model and an optimizer into the functions of a training run. */
export function compileSteps<Row extends EncodedExample>(options: StepOptions<Row>): CompiledSteps {
  const { model, method, reference, optimizer, maxGradNorm, activationCheckpointing = false } = options;
  const { engine } = model;
  const dropping = (model.adapter?.dropout ?? 0) > 0;
  const names = [...model.trainable().keys()];
  const weights = [...model.trainable().values()];
  const made: Variable[] = [];
  const functions: EngineFunction<string, string>[] = [];
  const make = (name: string, shape: readonly number[]) => {
    const variable = engine.variable(name, shape);
    made.push(variable);
    return variable;
  };
  const slots = weights.map((weight, i) =>
    Object.fromEntries(
      Object.entries(slotShapes(optimizer, weight.shape)).map(([slot, shape]) => [
        slot,
        make(`${slot}/${names[i]}`, shape),
      ]),
    ),
  );
  const compile = (name: string, body: (scope: Scope, inputs: Tensors) => Tensors) => {
    const compiled = engine.function<string, string>(name, body);
    functions.push(compiled);
    return compiled;
  };

  /** The method's terms with the policy's weights given, and the log-probabilities that they come from. */
  const forward = (
    scope: Scope,
    inputs: Tensors,
    given: readonly tf.Tensor[],
    referenceLogps: tf.Tensor,
    dropoutSeed?: tf.Tensor,
  ) => {
    const batch = batchInputs(inputs);
    const params = parameters(model, scope, new Map(names.map((name, i) => [name, given[i] as tf.Tensor])));
    const options = { dropoutSeed, activationCheckpointing };
    const { logps, alignments } = method.needsAlignments
      ? model.alignedLogps(params, batch, options)
      : { logps: model.sequenceLogps(params, batch, options), alignments: undefined };
    const policy = tf.reshape<tf.Rank.R2>(logps, batch.lengths.shape); // [pairs, K]
    const terms = method.apply({
      policy,
      alignments: alignments && tf.div(tf.reshape(alignments, batch.lengths.shape), tf.maximum(batch.lengths, 1)),
      reference: tf.reshape(referenceLogps, batch.lengths.shape),
      lengths: batch.lengths,
      numbers: numbersOf(inputs),
      baseline: (inputs.baseline as tf.Scalar | undefined) ?? tf.scalar(0),
    });
    const { losses, rewards, logps: recorded = policy } = terms;
    return { losses, logps: recorded, ...(rewards === undefined ? {} : { rewards }) };
  };

  /** Gradients of scale · Σ losses, and each pair's numbers. The reference is outside the tape: it has no gradient. */
  const differentiate = (scope: Scope, inputs: Tensors) => {
    const referenceLogps = reference.logps(scope, batchInputs(inputs), inputs);
    let seen: Record<string, tf.Tensor> = {};
    const gradients = tf.grads((...given) => {
      const terms = forward(scope, inputs, given, referenceLogps, inputs.dropoutSeed);
      // tfjs frees what is made inside but not returned; what is kept is handed on below.
      seen = Object.fromEntries(Object.entries(terms).map(([name, tensor]) => [name, tf.keep(tensor)]));
      return tf.mul<tf.Scalar>(tf.sum(terms.losses), inputs.scale as tf.Scalar);
    })(weights.map((weight) => scope.read(weight)));
    const pairs = Object.fromEntries(Object.entries(seen).map(([name, tensor]) => [name, tf.clone(tensor)]));
    for (const tensor of Object.values(seen)) tensor.dispose();
    return { gradients, pairs };
  };

  const apply = (scope: Scope, gradients: readonly tf.Tensor[], scalars: Tensors): tf.Scalar => {
    const norm = globalNorm(gradients);
    const finite = tf.lessEqual<tf.Scalar>(norm, LARGEST);
    const gate = tf.cast<tf.Scalar>(finite, 'float32');
    const scale = tf.where<tf.Scalar>(finite, clipCoefficient(norm, maxGradNorm), gate);
    weights.forEach((variable, i) => {
      const gradient = scaleOrZero(gradients[i] as tf.Tensor, scale);
      optimizer.update(scope, {
        name: names[i] as string,
        ...{ variable, gradient, scalars, gate },
        slots: slots[i] as Record<string, Variable>,
      });
    });
    return norm;
  };

  const fused = compile('train-step', (scope, inputs) => {
    const { gradients, pairs } = differentiate(scope, inputs);
    return { ...pairs, norm: apply(scope, gradients, inputs) };
  });

  const evaluate = compile('evaluate', (scope, inputs) => {
    const referenceLogps = reference.logps(scope, batchInputs(inputs), inputs);
    return forward(
      scope,
      inputs,
      weights.map((weight) => scope.read(weight)),
      referenceLogps,
    );
  });

  const logps = compile('logps', (scope, inputs) => {
    const batch = batchInputs(inputs);
    const { shape } = batch.lengths;
    return {
      policy: tf.reshape(model.sequenceLogps(parameters(model, scope), batch), shape),
      reference: tf.reshape(reference.logps(scope, batch, inputs), shape),
    };
  });

  const { moving } = reference;
  const moveReference = compile('move-reference', (scope) => {
    const { variables = new Map<string, Variable>(), mixup = 1 } = moving ?? {};
    for (const [name, variable] of variables) {
      const policy = scope.read(model.trainable().get(name) as Variable);
      scope.assign(variable, tf.add(tf.mul(policy, mixup), tf.mul(scope.read(variable), 1 - mixup)));
    }
    return {};
  });

  /** Made at the first step that needs them, as they take as much memory as the weights. */
  const accumulation = once(() => {
    const sums = weights.map((weight, i) => make(`gradient-sum/${names[i]}`, weight.shape));
    return {
      add: compile('accumulate', (scope, inputs) => {
        const { gradients, pairs } = differentiate(scope, inputs);
        sums.forEach((sum, i) => {
          scope.assign(sum, tf.add(scope.read(sum), gradients[i] as tf.Tensor));
        });
        return pairs;
      }),
      apply: compile('apply', (scope, inputs) => {
        const gradients = sums.map((sum) => scope.read(sum));
        const norm = apply(scope, gradients, inputs);
        sums.forEach((sum, i) => {
          scope.assign(sum, tf.zerosLike(gradients[i] as tf.Tensor));
        });
        return { norm };
      }),
    };
  });

  return {
    slots: new Map(names.map((name, i) => [name, slots[i] as Record<string, Variable>])),
    update: async (batches, learningRate, t, baseline) => {
      const scale = scalarValue(1 / batches.reduce((sum, { divisor }) => sum + divisor, 0));
      const scalars = Object.fromEntries(
        Object.entries(optimizer.scalars(learningRate, t)).map(([name, value]) => [name, scalarValue(value)]),
      );
      // Another one for each micro-batch of each step, and the same again when a run is resumed.
      const dropoutSeed = (index: number) =>
        dropping ? { dropoutSeed: { dtype: 'int32' as const, shape: [], data: Int32Array.of(t * 1024 + index) } } : {};
      const [first] = batches;
      if (batches.length === 1 && first !== undefined) {
        const output = await fused({
          ...first.inputs,
          ...withBaseline(baseline),
          ...scalars,
          ...dropoutSeed(0),
          scale,
        });
        return { outputs: [output], norm: numberOf(output.norm) };
      }
      const { add, apply } = accumulation();
      const outputs: Outputs[] = [];
      for (const [i, { inputs }] of batches.entries())
        outputs.push(await add({ ...inputs, ...withBaseline(baseline), ...dropoutSeed(i), scale }));
      const { norm } = await apply(scalars);
      return { outputs, norm: numberOf(norm) };
    },
    evaluate: ({ inputs }, baseline) => evaluate({ ...inputs, ...withBaseline(baseline) }),
    logps: async ({ inputs }) => {
      const { policy, reference } = await logps(inputs);
      return { policy: rowsOf(policy), reference: rowsOf(reference) };
    },
    moveReference: async (step) => {
      if (moving !== undefined && step % moving.everySteps === 0) await moveReference({});
    },
    dispose: () => {
      for (const compiled of functions) compiled.dispose();
      for (const variable of made) variable.dispose();
    },
  };
}

/** The inputs that are numbers of the rows, by the names that the method gave them. */
function numbersOf(inputs: Tensors): Record<string, tf.Tensor1D> {
  const prefix = 'number/';
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor as tf.Tensor1D]] : [],
    ),
  );
}

function withBaseline(baseline: number | undefined): Record<string, Values> {
  return baseline === undefined ? {} : { baseline: scalarValue(baseline) };
}

/** The largest finite float32. Comparing with it is false for NaN too, and every backend can compare. */
const LARGEST = 3.4028234e38;

/** A matrix row by row. */
function rowsOf(values: Values | undefined): number[][] {
  const { shape: [rows = 0, columns = 0] = [], data = [] } = values ?? {};
  return Array.from({ length: rows }, (_, row) => [...data.slice(row * columns, (row + 1) * columns)]);
}

function numberOf(values: Values | undefined): number {
  return values?.data[0] ?? Number.NaN;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
