import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { AdamUpdate, Scope, Variable } from '../types.js';
import type { Output, Pointer } from './_c-api.js';
import { calledFrom, callerLine } from './_caller.js';
import type { Context } from './_context.js';
import type { Graph, Input, Node } from './_graph.js';
import { DATA_TYPES } from './_native-tensor.js';
import type { TraceBackend } from './_trace-backend.js';
import { NativeVariable } from './_variable.js';

const FLOAT = { type: DATA_TYPES.float32 };
const NO_MASKS = { int: 0 };

/** A variable's part in a trace. */
interface Use {
  /** The function's input that takes the variable's handle. */
  readonly resource: Output;
  /** The value when the call began, once read. */
  read?: { readonly node: Node; readonly tensor: tf.Tensor };
  /** Writes of slices so far, in order. */
  readonly writes: Pointer[];
  /** Whether an update at the end of the call is planned. */
  updated: boolean;
}

/** The scope handed to a function's body while it is traced. */
export class TraceScope implements Scope {
  readonly #uses = new Map<NativeVariable, Use>();
  readonly #updates: (() => Pointer)[] = [];

  constructor(
    readonly backend: TraceBackend,
    readonly context: Context,
    readonly xla: boolean,
  ) {}

  get #graph(): Graph {
    return this.backend.graph;
  }

  /** The variables used, with the function inputs that take their handles. */
  get resources(): ReadonlyMap<NativeVariable, Output> {
    return new Map([...this.#uses].map(([variable, { resource }]) => [variable, resource]));
  }

  read(variable: Variable): tf.Tensor {
    const { native, use } = this.#use(variable);
    if (use.read !== undefined) return use.read.tensor;
    if (use.writes.length > 0)
      throw new DpoError(
        'engine.read-after-write',
        `Variable ${native.name} was first read after writeSlice${calledFrom(callerLine())}.`,
        { hint: 'Read it before, or use what writeSlice returns.' },
      );
    const node = this.#readNow(native, use, []);
    // The body reads inside tf.tidy and tf.grads, and the tensor serves every later read of this trace.
    const tensor = tf.keep(this.backend.tensor(node));
    use.read = { node, tensor };
    return tensor;
  }

  assign(variable: Variable, value: tf.Tensor): void {
    const { native, use } = this.#use(variable);
    const node = this.#value(native, value);
    this.#update(native, use, () =>
      this.#graph.operation('AssignVariableOp', [use.resource, node], {
        attributes: { dtype: FLOAT },
        after: this.#beforeUpdate(use, [node]),
      }),
    );
  }

  applyAdam({ variable, m, v, gradient, rate, epsilon, beta1, beta2, decay }: AdamUpdate): void {
    const [weight, first, second] = [this.#use(variable), this.#use(m), this.#use(v)];
    const graph = this.#graph;
    const g = this.#value(weight.native, gradient);
    const [lr, eps] = [this.backend.node(rate), this.backend.node(epsilon)];
    const shrink = decay === undefined ? undefined : this.backend.node(decay);
    const scalar = (value: number) => graph.scalar('float32', value);
    for (const { native } of [first, second]) this.#sameShape(native, weight.native.shape);
    this.#claim(first.native, first.use);
    this.#claim(second.native, second.use);
    this.#update(weight.native, weight.use, () => {
      const after = [weight, first, second].flatMap(({ use }) => this.#beforeUpdate(use, [g]));
      if (shrink !== undefined) after.push(this.#decay(weight.native, weight.use, shrink, after));
      // TensorFlow multiplies the rate by √(1 − β₂ᵗ)/(1 − β₁ᵗ); with both powers 0 the factor is 1, as the caller's
      // rate has the correction in it.
      const inputs: Input[] = [weight.use.resource, first.use.resource, second.use.resource];
      inputs.push(scalar(0), scalar(0), lr, scalar(beta1), scalar(beta2), eps, g);
      return graph.operation('ResourceApplyAdam', inputs, { attributes: { T: FLOAT }, after });
    });
  }

  writeSlice(variable: Variable, value: tf.Tensor, axis: number, start: tf.Tensor): tf.Tensor {
    const { native, use } = this.#use(variable);
    if (use.updated) throw twice(native);
    const graph = this.#graph;
    const slice = this.backend.node(value);
    const expected = native.shape.map((size, i) => (i === axis ? Math.min(size, slice.shape[i] ?? 0) : size));
    if (slice.dtype !== 'float32' || expected.join() !== slice.shape.join()) throw mismatch(native, slice);
    const at = graph.node('Reshape', [this.backend.node(start), graph.vector([1])]);
    const bounds = (here: Node, elsewhere: (size: number) => number): Node =>
      native.shape.length === 1
        ? here
        : graph.node('ConcatV2', [
            native.shape.map((size, i) => (i === axis ? here : graph.vector([elsewhere(size)]))),
            graph.scalar('int32', 0),
          ]);
    const begin = bounds(at, () => 0);
    if (this.xla) return this.backend.tensor(this.#writeInXla(native, use, slice, begin));
    const end = bounds(graph.node('AddV2', [at, graph.vector([slice.shape[axis] ?? 0])]), (size) => size);
    const write = graph.operation(
      'ResourceStridedSliceAssign',
      [use.resource, begin, end, graph.vector(native.shape.map(() => 1)), slice],
      {
        attributes: {
          T: FLOAT,
          begin_mask: NO_MASKS,
          end_mask: NO_MASKS,
          ellipsis_mask: NO_MASKS,
          new_axis_mask: NO_MASKS,
          shrink_axis_mask: NO_MASKS,
        },
        after: this.#before(use),
      },
    );
    use.writes.push(write);
    return this.backend.tensor(this.#readNow(native, use, [write]));
  }

  /** Adds the planned updates and returns the operations that the function must run besides its outputs. */
  finish(): Pointer[] {
    const updates = this.#updates.map((update) => update());
    const writes = [...this.#uses.values()].flatMap(({ writes }) => writes);
    for (const { read } of this.#uses.values()) read?.tensor.dispose();
    return [...writes, ...updates];
  }

  #use(variable: Variable): { native: NativeVariable; use: Use } {
    if (!(variable instanceof NativeVariable) || variable.context !== this.context)
      throw new DpoError('engine.foreign-variable', `Variable ${variable.name} belongs to another engine.`, {
        values: { variable: variable.name },
      });
    // Throws where it was disposed of.
    void variable.resource;
    let use = this.#uses.get(variable);
    if (use === undefined) {
      use = { resource: this.#graph.resource(), writes: [], updated: false };
      this.#uses.set(variable, use);
    }
    return { native: variable, use };
  }

  #readNow(variable: NativeVariable, { resource }: Use, after: readonly Pointer[]): Node {
    const operation = this.#graph.operation('ReadVariableOp', [resource], { attributes: { dtype: FLOAT }, after });
    this.#graph.setShape(operation, variable.shape);
    return this.#graph.output(operation, 'ReadVariableOp');
  }

  /** XLA would compile the usual operation anew for each start; this one takes it as a value, and is XLA's alone. */
  #writeInXla(variable: NativeVariable, use: Use, slice: Node, begin: Node): Node {
    const graph = this.#graph;
    const current = this.#readNow(variable, use, use.writes.slice(-1));
    const written = graph.node('XlaDynamicUpdateSlice', [current, slice, begin]);
    const after = [current.output.oper, ...this.#before(use)];
    use.writes.push(
      graph.operation('AssignVariableOp', [use.resource, written], { attributes: { dtype: FLOAT }, after }),
    );
    return written;
  }

  /** w ← w − w · decay */
  #decay(variable: NativeVariable, use: Use, decay: Node, after: readonly Pointer[]): Pointer {
    const weight = use.read?.node ?? this.#readNow(variable, use, []);
    const amount = this.#graph.node('Mul', [weight, decay]);
    return this.#graph.operation('AssignSubVariableOp', [use.resource, amount], {
      attributes: { dtype: FLOAT },
      after,
    });
  }

  /** What must have run before the variable changes: its read of this call, and the slices written so far. */
  #before({ read, writes }: Use): Pointer[] {
    return [...(read === undefined ? [] : [read.node.output.oper]), ...writes.slice(-1)];
  }

  /**
   * The same, and every other use of the value read: TensorFlow updates a variable in place only if nobody holds its
   * memory any more, and copies it first otherwise.
   */
  #beforeUpdate(use: Use, values: readonly Node[]): Pointer[] {
    if (use.read === undefined) return this.#before(use);
    const uses = this.#graph.usesBeside(
      use.read.node.output.oper,
      values.map(({ output }) => output.oper),
    );
    return [...this.#before(use), ...uses];
  }

  #update(variable: NativeVariable, use: Use, build: () => Pointer): void {
    this.#claim(variable, use);
    // Built when the body is done, so that reads anywhere in it come before.
    this.#updates.push(build);
  }

  #claim(variable: NativeVariable, use: Use): void {
    if (use.updated) throw twice(variable);
    use.updated = true;
  }

  #value(variable: NativeVariable, tensor: tf.Tensor): Node {
    const node = this.backend.node(tensor);
    if (node.dtype !== 'float32' || node.shape.join() !== variable.shape.join()) throw mismatch(variable, node);
    return node;
  }

  #sameShape(variable: NativeVariable, shape: readonly number[]): void {
    if (variable.shape.join() !== shape.join())
      throw new DpoError(
        'engine.wrong-shape',
        `Variable ${variable.name} [${variable.shape}] must have the shape [${shape}] of the weight it belongs to.`,
      );
  }
}

function twice(variable: NativeVariable): DpoError {
  const line = callerLine();
  return new DpoError(
    'engine.updated-twice',
    `Variable ${variable.name} is updated twice in one function${calledFrom(line)}.`,
    { values: { variable: variable.name, calledFrom: line }, hint: 'Combine the two updates into one value.' },
  );
}

function mismatch(variable: NativeVariable, { dtype, shape }: Node): DpoError {
  const line = callerLine();
  return new DpoError(
    'engine.wrong-shape',
    `${dtype}[${shape}] does not fit variable ${variable.name} float32[${variable.shape}]${calledFrom(line)}.`,
    { values: { variable: variable.name, expected: variable.shape, received: shape, dtype, calledFrom: line } },
  );
}
