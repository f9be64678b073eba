import type { Collective, Scope, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';

/** A worker's part of a weight: a range of the weight's numbers, row-major. */
export interface WeightShare {
  readonly start: number;
  readonly length: number;
}

/** Shares begin at multiples of so many numbers, which TensorFlow cuts off without a copy (64 bytes). */
const ALIGNMENT = 16;

/**
 * The numbers of a weight that each worker keeps the optimizer's state of, by rank. Undefined for a weight that is too small to divide
 * into aligned shares: all workers keep its whole state.
 *
 * W shares of n numbers have ⌈n / W / 16⌉ · 16 numbers each, the last share the rest.
 */
export function weightShares(size: number, { size: workers }: Pick<Collective, 'size'>): WeightShare[] | undefined {
  if (size <= ALIGNMENT * workers * (workers - 1)) return undefined;
  const length = shareLength(size, workers);
  return Array.from({ length: workers }, (_, rank) => ({
    start: rank * length,
    length: Math.min(length, size - rank * length),
  }));
}

/** The length of the longest share. */
function shareLength(size: number, workers: number): number {
  return ALIGNMENT * Math.ceil(size / workers / ALIGNMENT);
}

/** A divided list of numbers, of which this worker has its share. */
interface OwnShare {
  /** The length of the whole list. */
  readonly size: number;
  /** This worker's share. */
  readonly values: Float32Array;
}

/** Whole lists of numbers, from the shares of all workers, in one exchange. All workers call the function with the same sizes. */
export async function joinShares(collective: Collective, shares: readonly OwnShare[]): Promise<Float32Array[]> {
  const { size: workers } = collective;
  let length = 0;
  const places = shares.map((share) => {
    const from = length;
    length += shareLength(share.size, workers);
    return { ...share, from, to: length };
  });
  const own = new Float32Array(length);
  for (const { values, from } of places) own.set(values, from);
  const joined = new Float32Array(length * workers);
  await collective.join(own, joined);
  return places.map(({ size, from, to }) => {
    // The shares of a single list stand one after another already. The last share is shorter.
    if (to - from === length) return joined.subarray(0, size);
    const whole = new Float32Array((to - from) * workers);
    for (let rank = 0; rank < workers; rank++)
      whole.set(joined.subarray(rank * length + from, rank * length + to), rank * (to - from));
    return whole.subarray(0, size);
  });
}

/** The numbers of a tensor that belong to a share, as a vector. */
export function shareOfTensor(tensor: tf.Tensor, { start, length }: WeightShare): tf.Tensor1D {
  return tf.slice1d(tf.reshape(tensor, [-1]), start, length);
}

/**
 * A scope in which a weight has only the numbers of a share: reads give them, and `assign` hands their new values to `onAssign` and
 * leaves the variable as it is. For the body of an engine function.
 */
export function shareScope(
  scope: Scope,
  weight: Variable,
  share: WeightShare,
  onAssign: (values: tf.Tensor) => void,
): Scope {
  const read = (variable: Variable) =>
    variable === weight ? shareOfTensor(scope.read(variable), share) : scope.read(variable);
  const assign = (variable: Variable, value: tf.Tensor) =>
    variable === weight ? onAssign(value) : scope.assign(variable, value);
  return {
    read,
    assign,
    // The engine's update in place needs variables of one shape.
    applyAdam({ variable, m, v, gradient, rate, epsilon, beta1, beta2, decay }) {
      const mean = tf.add(tf.mul(read(m), beta1), tf.mul(gradient, 1 - beta1));
      const square = tf.add(tf.mul(read(v), beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const old = read(variable);
      const shrunk = decay === undefined ? old : tf.mul(old, tf.sub(1, decay));
      assign(m, mean);
      assign(v, square);
      assign(variable, tf.sub(shrunk, tf.div(tf.mul(mean, rate), tf.add(tf.sqrt(square), epsilon))));
    },
    writeSlice: (...write) => scope.writeSlice(...write),
    writeRows: (...write) => scope.writeRows(...write),
  };
}
