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

/** The use of a variable in a trace. */
interface Use {
  /** The function's input that takes the variable's handle. */
  readonly resource: Output;
  /** The value when the call began; present once the body has read the variable. */
  start?: { readonly node: Node; readonly tensor: tf.Tensor };
  /** Writes of slices so far, in order. */
  readonly writes: Pointer[];
  /** The value after the writes. */
  current?: Node;
  /** Whether the call updates the variable at its end. */
  isUpdated: boolean;
}

/** The scope of a function's body during tracing. */
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

  /** The variables that the body uses, with the function's inputs that take their handles. */
  get resources(): ReadonlyMap<NativeVariable, Output> {
    return new Map([...this.#uses].map(([variable, { resource }]) => [variable, resource]));
  }

  read(variable: Variable): tf.Tensor {
    const { native, use } = this.#use(variable);
    if (use.start !== undefined) return use.start.tensor;
    if (use.writes.length > 0)
      throw new DpoError(
        'engine.read-after-write',
        `Variable ${native.name} was first read after writeSlice${calledFrom(callerLine())}.`,
        { hint: 'Read the variable before, or use the result of writeSlice.' },
      );
    const node = this.#readNow(native, use, []);
    // The body may read inside tf.tidy or tf.grads, but the tensor serves every later read of this trace.
    const tensor = tf.keep(this.backend.tensor(node));
    use.start = { node, tensor };
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
      // TensorFlow multiplies the rate by √(1 − β₂ᵗ)/(1 − β₁ᵗ). The caller's rate contains that correction already, so both powers
      // are 0 here, which makes the factor 1.
      const inputs: Input[] = [weight.use.resource, first.use.resource, second.use.resource];
      inputs.push(scalar(0), scalar(0), lr, scalar(beta1), scalar(beta2), eps, g);
      return graph.operation('ResourceApplyAdam', inputs, { attributes: { T: FLOAT }, after });
    });
  }

  writeSlice(variable: Variable, value: tf.Tensor, axis: number, start: tf.Tensor): tf.Tensor {
    const { native, use } = this.#use(variable);
    if (use.isUpdated) throw twice(native);
    const slice = this.backend.node(value);
    const expected = native.shape.map((size, i) => (i === axis ? Math.min(size, slice.shape[i] ?? 0) : size));
    if (slice.dtype !== 'float32' || expected.join() !== slice.shape.join()) throw mismatch(native, slice);
    if (this.xla) return this.backend.tensor(this.#writeInXla(native, use, slice, axis, this.backend.node(start)));
    return this.backend.tensor(this.#writeRows(native, use, slice, axis, this.backend.node(start)));
  }

  /** Adds the updates, and returns the operations that the function must run besides its outputs. */
  finish(): Pointer[] {
    const updates = this.#updates.map((update) => update());
    const writes = [...this.#uses.values()].flatMap(({ writes }) => writes);
    for (const { start } of this.#uses.values()) start?.tensor.dispose();
    return [...writes, ...updates];
  }

  #use(variable: Variable): { native: NativeVariable; use: Use } {
    if (!(variable instanceof NativeVariable) || variable.context !== this.context)
      throw new DpoError('engine.foreign-variable', `Variable ${variable.name} belongs to another engine.`, {
        values: { variable: variable.name },
      });
    // Throws when the variable was disposed of.
    void variable.resource;
    let use = this.#uses.get(variable);
    if (use === undefined) {
      use = { resource: this.#graph.resource(), writes: [], isUpdated: false };
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
   * Writes the slice as rows of the variable, viewed as a matrix, in the variable's own memory. TensorFlow's operations on slices of
   * variables do not serve: after one of them, every later read copies the whole variable. When the body holds the previous value,
   * by a read or an earlier write, the write goes into a copy.
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
    // The places are looked up in a range, so that a place beyond the end is an error; the write itself would wrap around to 0.
    const unchecked = graph.node('AddV2', [range(count, 1), graph.node('Reshape', [start, graph.vector([1])])]);
    const along = graph.node('GatherV2', [range(size, 1), unchecked, graph.scalar('int32', 0)]);
    const table = graph.node('AddV2', [firsts, graph.node('Reshape', [along, graph.vector([1, count])])]);
    const places = graph.node('Reshape', [table, graph.vector([outer * count])]);
    const rows = graph.node('Reshape', [slice, graph.vector([outer * count, inner])]);
    const matrix = (node: Node) => graph.node('Reshape', [node, graph.vector([outer * size, inner])]);

    const previous = use.current ?? use.start?.node;
    const target =
      previous === undefined ? matrix(this.#readNow(variable, use, [])) : graph.node('DeepCopy', [matrix(previous)]);
    const result = graph.node('InplaceUpdate', [target, places, rows]);
    use.current = graph.node('Reshape', [result, graph.vector(variable.shape)]);
    if (previous === undefined) use.writes.push(result.output.oper);
    else this.#replace(use, use.current);
    return use.current;
  }

  /** Writes the slice by an operation that XLA has. XLA lacks the operations in place, and compiles others again for each start. */
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
    const previous = use.current ?? use.start?.node ?? this.#readNow(variable, use, []);
    use.current = graph.node('XlaDynamicUpdateSlice', [previous, slice, begin]);
    this.#replace(use, use.current, [previous.output.oper]);
    return use.current;
  }

  /** Sets the variable to `value`. */
  #replace(use: Use, value: Node, after: readonly Pointer[] = []): void {
    const attributes = { dtype: FLOAT };
    const inputs = [use.resource, value];
    const before = [...after, ...this.#before(use)];
    use.writes.push(this.#graph.operation('AssignVariableOp', inputs, { attributes, after: before }));
  }

  /** w ← w − w · decay */
  #decay(variable: NativeVariable, use: Use, decay: Node, after: readonly Pointer[]): Pointer {
    const weight = use.start?.node ?? this.#readNow(variable, use, []);
    const amount = this.#graph.node('Mul', [weight, decay]);
    return this.#graph.operation('AssignSubVariableOp', [use.resource, amount], {
      attributes: { dtype: FLOAT },
      after,
    });
  }

  /** The operations that must run before the variable changes: the call's read of the variable, and the last write of a slice. */
  #before({ start, writes }: Use): Pointer[] {
    return [...(start === undefined ? [] : [start.node.output.oper]), ...writes.slice(-1)];
  }

  /**
   * The operations that must run before the variable is updated: those of {@link #before}, and every other use of the value that the
   * body has read. TensorFlow updates a variable in place only when no operation holds its memory, and otherwise copies it first.
   */
  #beforeUpdate(use: Use, values: readonly Node[]): Pointer[] {
    if (use.start === undefined) return this.#before(use);
    const uses = this.#graph.usesBeside(
      use.start.node.output.oper,
      values.map(({ output }) => output.oper),
    );
    return [...this.#before(use), ...uses];
  }

  #update(variable: NativeVariable, use: Use, build: () => Pointer): void {
    this.#claim(variable, use);
    // Updates are built when the body is done, so that all of the body's reads come before.
    this.#updates.push(build);
  }

  #claim(variable: NativeVariable, use: Use): void {
    if (use.isUpdated) throw twice(variable);
    use.isUpdated = true;
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
        `Variable ${variable.name} [${variable.shape}] must have the shape [${shape}] of its weight.`,
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
