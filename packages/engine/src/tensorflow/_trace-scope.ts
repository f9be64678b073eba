import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { AdamUpdate, Scope, Variable } from '../types.js';
import type { Output, Pointer } from './_c-api.js';
import { calledFrom, callerLine } from './_caller.js';
import type { Context } from './_context.js';
import type { TraceBackend } from './_trace-backend.js';
import { NativeVariable } from './_variable.js';
import type { Graph, Input, Node } from './graph.js';
import { DATA_TYPES } from './native-tensor.js';

const FLOAT = { type: DATA_TYPES.float32 };

/** A variable's part in a trace. */
interface Use {
  /** The function's input that takes the variable's handle. */
  readonly resource: Output;
  /** The value when the call began, once read. */
  read?: { readonly node: Node; readonly tensor: tf.Tensor };
  /** Writes of slices so far, in order. */
  readonly writes: Pointer[];
  /** The value after them. */
  written?: Node;
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
    const slice = this.backend.node(value);
    const expected = native.shape.map((size, i) => (i === axis ? Math.min(size, slice.shape[i] ?? 0) : size));
    if (slice.dtype !== 'float32' || expected.join() !== slice.shape.join()) throw mismatch(native, slice);
    if (this.xla) return this.backend.tensor(this.#writeInXla(native, use, slice, axis, this.backend.node(start)));
    return this.backend.tensor(this.#writeRows(native, use, slice, axis, this.backend.node(start)));
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

  /**
   * Writes the slice as rows of the variable seen as a matrix, in the variable's own memory. TensorFlow's operations on
   * slices of variables are no choice: a variable that one of them has touched is copied whole by every later read.
   * Where the body holds the value before, by a read or an earlier write, the write goes into a copy.
   */
  #writeRows(variable: NativeVariable, use: Use, slice: Node, axis: number, start: Node): Node {
    const graph = this.#graph;
    const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);
    const size = variable.shape[axis] as number;
    const count = slice.shape[axis] as number;
    const outer = product(variable.shape.slice(0, axis));
    const inner = product(variable.shape.slice(axis + 1));
    const range = (end: number, step: number) =>
      graph.node(
        'Range',
        [0, end, step].map((value) => graph.scalar('int32', value)),
      );
    const firsts = graph.node('Reshape', [range(outer * size, size), graph.vector([outer, 1])]);
    // Looked up rather than computed, so that a place beyond the end is an error; the write itself would begin again at 0.
    const wanted = graph.node('AddV2', [range(count, 1), graph.node('Reshape', [start, graph.vector([1])])]);
    const along = graph.node('GatherV2', [range(size, 1), wanted, graph.scalar('int32', 0)]);
    const table = graph.node('AddV2', [firsts, graph.node('Reshape', [along, graph.vector([1, count])])]);
    const places = graph.node('Reshape', [table, graph.vector([outer * count])]);
    const rows = graph.node('Reshape', [slice, graph.vector([outer * count, inner])]);
    const matrix = (node: Node) => graph.node('Reshape', [node, graph.vector([outer * size, inner])]);

    const held = use.written ?? use.read?.node;
    const target =
      held === undefined ? matrix(this.#readNow(variable, use, [])) : graph.node('DeepCopy', [matrix(held)]);
    const written = graph.node('InplaceUpdate', [target, places, rows]);
    use.written = graph.node('Reshape', [written, graph.vector(variable.shape)]);
    if (held === undefined) use.writes.push(written.output.oper);
    else this.#replace(use, use.written);
    return use.written;
  }

  /** XLA has no operation in place, and would compile anew for each start; this one takes it as a value. */
  #writeInXla(variable: NativeVariable, use: Use, slice: Node, axis: number, start: Node): Node {
    const graph = this.#graph;
    const at = graph.node('Reshape', [start, graph.vector([1])]);
    const begin =
      variable.shape.length === 1
        ? at
        : graph.node('ConcatV2', [
            variable.shape.map((_, i) => (i === axis ? at : graph.vector([0]))),
            graph.scalar('int32', 0),
          ]);
    const current = use.written ?? use.read?.node ?? this.#readNow(variable, use, []);
    use.written = graph.node('XlaDynamicUpdateSlice', [current, slice, begin]);
    this.#replace(use, use.written, [current.output.oper]);
    return use.written;
  }

  /** Makes `value` the variable's. */
  #replace(use: Use, value: Node, after: readonly Pointer[] = []): void {
    const attributes = { dtype: FLOAT };
    const inputs = [use.resource, value];
    const before = [...after, ...this.#before(use)];
    use.writes.push(this.#graph.operation('AssignVariableOp', inputs, { attributes, after: before }));
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
