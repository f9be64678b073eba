import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel } from '../shared/replace-kernel.js';
import { sizeOf } from '../shared/size-of.js';
import type { AdamUpdate, Scope, Variable } from '../types.js';
import { EagerVariable, type VariableOwner } from './_eager-variable.js';

/** The updates of a call, which wait until the call has succeeded. */
export interface PendingUpdates {
  /** Gives the variables their new values. */
  apply(): void;
  /** Frees what the updates hold. */
  dispose(): void;
}

/** An update by Adam that waits for its call: values to write, or the tensors to compute them from in place. */
interface PendingAdam extends Omit<AdamUpdate, 'variable' | 'm' | 'v'> {
  readonly slots: readonly [weight: EagerVariable, m: EagerVariable, v: EagerVariable];
}

/**
 * The scope of one eager call. The body's writes wait until the body is done, so that reads give the value when the call began,
 * and a body that throws changes nothing. The rules are those of the TensorFlow engine.
 */
export class EagerScope implements Scope {
  readonly #reads = new Set<EagerVariable>();
  readonly #slices = new Map<EagerVariable, tf.Tensor>();
  readonly #updates = new Map<EagerVariable, tf.Tensor>();
  readonly #inPlace: PendingAdam[] = [];

  constructor(readonly owner: VariableOwner) {}

  read(variable: Variable): tf.Tensor {
    const own = this.#own(variable);
    if (!this.#reads.has(own) && this.#slices.has(own))
      throw new DpoError('engine.read-after-write', `Variable ${own.name} was first read after writeSlice.`, {
        hint: 'Read the variable before, or use the result of writeSlice.',
      });
    this.#reads.add(own);
    return own.value;
  }

  assign(variable: Variable, value: tf.Tensor): void {
    const own = this.#own(variable);
    checkFits(own, value, own.shape);
    this.#update(own, value);
  }

  applyAdam({ variable, m, v, ...update }: AdamUpdate): void {
    const [weight, first, second] = [this.#own(variable), this.#own(m), this.#own(v)];
    const { gradient, rate, epsilon, beta1, beta2, decay } = update;
    checkFits(weight, gradient, weight.shape);
    for (const slot of [first, second]) checkFits(slot, slot.value, weight.shape);
    if (hasKernel(ADAM, this.owner.backend.name)) {
      for (const variable of [first, second, weight]) this.#update(variable, variable.value);
      this.#inPlace.push({ ...update, slots: [weight, first, second] });
      return;
    }
    const mean = tf.add(tf.mul(first.value, beta1), tf.mul(gradient, 1 - beta1));
    const square = tf.add(tf.mul(second.value, beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const shrunk = decay === undefined ? weight.value : tf.mul(weight.value, tf.sub(1, decay));
    this.#update(first, mean);
    this.#update(second, square);
    this.#update(weight, tf.sub(shrunk, tf.div(tf.mul(mean, rate), tf.add(tf.sqrt(square), epsilon))));
  }

  writeSlice(variable: Variable, value: tf.Tensor, axis: number, start: tf.Tensor): tf.Tensor {
    const own = this.#own(variable);
    if (this.#updates.has(own)) throw twice(own);
    const length = value.shape[axis] ?? 0;
    const all = own.shape[axis] ?? 0;
    checkFits(own, value, own.shape.with(axis, Math.min(length, all)));
    const from = start.dataSync()[0] ?? 0;
    if (from < 0 || from + length > all)
      throw new DpoError('engine.wrong-shape', `${length} from ${from} do not fit into the ${all} of ${own.name}.`, {
        values: { variable: own.name, axis, start: from, length, size: all },
      });
    const current = this.#slices.get(own) ?? own.value;
    const part = (begin: number, size: number): tf.Tensor =>
      tf.slice(
        current,
        own.shape.map((_, i) => (i === axis ? begin : 0)),
        own.shape.with(axis, size),
      );
    const whole = tf.concat([part(0, from), value, part(from + length, all - from - length)], axis);
    this.#slices.set(own, whole);
    return whole;
  }

  writeRows(variable: Variable, places: tf.Tensor, value: tf.Tensor): void {
    const own = this.#own(variable);
    if (this.#updates.has(own)) throw twice(own);
    const width = own.shape.at(-1) ?? 1;
    const rows = sizeOf(own.shape) / width;
    checkFits(own, value, [places.size, width]);
    // On a GPU only few places are known here; the shader leaves out rows outside.
    const outside = this.owner.backend.peek(places)?.find((place) => place < 0 || place >= rows);
    if (outside !== undefined)
      throw new DpoError('engine.wrong-shape', `Row ${outside} is none of the ${rows} rows of ${own.name}.`, {
        values: { variable: own.name, row: outside, rows },
      });
    const matrix = tf.reshape(this.#slices.get(own) ?? own.value, [rows, width]);
    const updates = tf.tensorScatterUpdate(matrix, tf.reshape(places, [-1, 1]), value);
    this.#slices.set(own, tf.reshape(updates, [...own.shape]));
  }

  /** The updates, which outlive the call's other tensors. */
  pending(): PendingUpdates {
    const clones: tf.Tensor[] = [];
    const hold = (tensor: tf.Tensor): tf.Tensor => {
      const copy = tf.keep(tf.clone(tensor));
      clones.push(copy);
      return copy;
    };
    const inPlace = new Set(this.#inPlace.flatMap(({ slots }) => slots));
    // All values are held before the first variable is changed, since a value may be another variable's tensor.
    const values = [...this.#slices, ...this.#updates]
      .filter(([variable]) => !inPlace.has(variable))
      .map(([variable, value]) => [variable, hold(value)] as const);
    const adams = this.#inPlace.map(({ gradient, rate, epsilon, decay, ...rest }) => ({
      ...rest,
      inputs: {
        gradient: hold(gradient),
        rate: hold(rate),
        epsilon: hold(epsilon),
        ...(decay && { decay: hold(decay) }),
      },
    }));
    return {
      apply: () => {
        for (const { slots, inputs, beta1, beta2 } of adams) updateInPlace(slots, inputs, { beta1, beta2 });
        for (const [variable, value] of values) variable.replace(value);
      },
      dispose: () => {
        for (const tensor of clones) tensor.dispose();
      },
    };
  }

  #own(variable: Variable): EagerVariable {
    if (variable instanceof EagerVariable && variable.owner === this.owner) {
      // Throws when the variable was disposed of.
      void variable.value;
      return variable;
    }
    throw new DpoError('engine.foreign-variable', `Variable ${variable.name} belongs to another engine.`, {
      values: { variable: variable.name },
    });
  }

  #update(variable: EagerVariable, value: tf.Tensor): void {
    if (this.#updates.has(variable)) throw twice(variable);
    this.#updates.set(variable, value);
  }
}

function checkFits(variable: EagerVariable, { dtype, shape }: tf.Tensor, expected: readonly number[]): void {
  if (dtype === 'float32' && shape.join() === expected.join()) return;
  throw new DpoError(
    'engine.wrong-shape',
    `${dtype}[${shape}] does not fit variable ${variable.name} float32[${expected}].`,
    { values: { variable: variable.name, expected, received: shape, dtype } },
  );
}

/** The kernel that updates by Adam in place, on backends that have one. It takes w, m, v, and returns them. */
const ADAM = 'ApplyAdam';

function updateInPlace(
  slots: PendingAdam['slots'],
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: Readonly<Record<string, number>>,
): void {
  const [w, m, v] = slots.map(({ value }) => value) as [tf.Tensor, tf.Tensor, tf.Tensor];
  tf.tidy(() => {
    const results = tf.engine().runKernel(ADAM, { ...inputs, w, m, v }, attributes) as unknown as tf.Tensor[];
    for (const [k, variable] of slots.entries()) variable.replace(results[k] as tf.Tensor);
  });
}

function twice(variable: EagerVariable): DpoError {
  return new DpoError('engine.updated-twice', `Variable ${variable.name} is updated twice in one function.`, {
    values: { variable: variable.name },
    hint: 'Combine the two updates into one value.',
  });
}
