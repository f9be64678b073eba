import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { AdamUpdate, Scope, Variable } from '../types.js';
import type { Output, Pointer } from './_c-api.js';
import { calledFrom, callerLine } from './_caller.js';
import type { Context } from './_context.js';
import type { TraceBackend } from './_trace-backend.js';
import { NativeVariable } from './_variable.js';
import { readNow, type Use, writesAndReads } from './_variable-use.js';
import { writePlaces, writePlacesInXla, writeSlice, writeSliceInXla } from './_variable-writes.js';
import type { Graph, Input, Node } from './graph.js';
import { DATA_TYPES } from './native-tensor.js';

const FLOAT = { type: DATA_TYPES.float32 };

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
    const node = readNow(this.#graph, native, use);
    // The body may read inside tf.tidy or tf.grads, but the tensor serves every later read of this trace.
    const tensor = tf.keep(this.backend.tensor(node));
    use.start = { node, tensor };
    return tensor;
  }

  assign(variable: Variable, value: tf.Tensor): void {
    const { native, use } = this.#use(variable);
    const node = this.#storable(native, this.#value(native, value));
    this.#update(native, use, () =>
      this.#graph.operation('AssignVariableOp', [use.resource, node], {
        attributes: { dtype: native.type },
        after: this.#beforeUpdate(use, [node]),
        stored: true,
      }),
    );
  }

  applyAdam({ variable, m, v, gradient, rate, epsilon, beta1, beta2, decay }: AdamUpdate): void {
    const [weight, first, second] = [this.#use(variable), this.#use(m), this.#use(v)];
    for (const { native } of [weight, first, second]) checkTrainable(native);
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
    const unrounded = this.backend.node(value);
    const expected = native.shape.map((size, i) => (i === axis ? Math.min(size, unrounded.shape[i] ?? 0) : size));
    if (unrounded.dtype !== 'float32' || expected.join() !== unrounded.shape.join()) throw mismatch(native, unrounded);
    const slice = this.#storable(native, unrounded);
    const write = this.xla ? writeSliceInXla : writeSlice;
    return this.backend.tensor(write(this.#graph, native, use, slice, axis, this.backend.node(start)));
  }

  writeRows(variable: Variable, places: tf.Tensor, value: tf.Tensor): void {
    const { native, use } = this.#use(variable);
    if (use.isUpdated) throw twice(native);
    const node = this.backend.node(value);
    const width = native.shape.at(-1) ?? 1;
    if (node.dtype !== 'float32' || `${places.size},${width}` !== node.shape.join()) throw mismatch(native, node);
    const write = this.xla ? writePlacesInXla : writePlaces;
    write(this.#graph, native, use, this.backend.node(places), this.#storable(native, node));
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

  /** The node stored as the variable is. */
  #storable({ storage }: NativeVariable, node: Node): Node {
    return storage === 'bfloat16' ? this.#graph.rounded(node) : this.#graph.widened(node);
  }

  /** w ← w − w · decay */
  #decay(variable: NativeVariable, use: Use, decay: Node, after: readonly Pointer[]): Pointer {
    const weight = use.start?.node ?? readNow(this.#graph, variable, use);
    const amount = this.#graph.node('Mul', [weight, decay]);
    return this.#graph.operation('AssignSubVariableOp', [use.resource, amount], {
      attributes: { dtype: FLOAT },
      after,
    });
  }

  /**
   * The operations that must run before the variable is updated: those of {@link writesAndReads}, and every other use of the value
   * that the body has read. TensorFlow updates a variable in place only when no operation holds its memory, and otherwise copies it first.
   */
  #beforeUpdate(use: Use, values: readonly Node[]): Pointer[] {
    if (use.start === undefined) return writesAndReads(use);
    const uses = this.#graph.usesBeside(
      use.start.node.output.oper,
      values.map(({ output }) => output.oper),
    );
    return [...writesAndReads(use), ...uses];
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

/** @throws DpoError `engine.wrong-storage` for a variable in bfloat16 */
function checkTrainable({ name, storage }: NativeVariable): void {
  if (storage === 'float32') return;
  throw new DpoError(
    'engine.wrong-storage',
    `Variable ${name} is stored in bfloat16 and cannot be trained: small updates would be lost.`,
    { values: { variable: name, storage }, hint: 'Store weights that are trained in float32.' },
  );
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
