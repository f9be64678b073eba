import type { Values } from '@dpo/engine';
import type * as tf from '@tensorflow/tfjs-core';

/**
 * Everything that goes into a function of a step, by owner. Names of different owners never clash.
 *
 * | owner | what |
 * |---|---|
 * | `batch` | the packed batch |
 * | `lengths` | answer tokens by the answers' names, [N] each |
 * | `reference` | log π_ref that was computed before the run, by answer [N, K] or by token [R] |
 * | `numbers` | numbers of the examples, [N] each |
 * | `tokens` | numbers of the predicted tokens, [R] each |
 * | `scalars` | the method's numbers of the step |
 * | `optimizer` | the optimizer's scalars |
 * | `step` | the trainer's own numbers: the scale of the losses, the number of the dropout's draw |
 */
const owners = ['batch', 'lengths', 'reference', 'numbers', 'tokens', 'scalars', 'optimizer', 'step'] as const;

type Owner = (typeof owners)[number];

/** Entries of all owners. */
export type Owned<T> = { readonly [O in Owner]: Readonly<Record<string, T>> };

/** Entries of some owners. */
export type SomeOwned<T> = { readonly [O in Owner]?: Readonly<Record<string, T>> };

/** The inputs of an engine function, under the names `owner/place:name`. Engines sort names, and the places keep the order. */
export function encodeInputs(inputs: SomeOwned<Values>): Record<string, Values> {
  return Object.fromEntries(
    owners.flatMap((owner) =>
      Object.entries(inputs[owner] ?? {}).map(([name, values], place) => [
        `${owner}/${String(place).padStart(4, '0')}:${name}`,
        values,
      ]),
    ),
  );
}

/** The inverse of {@link encodeInputs}. For the body of an engine function. */
export function decodeInputs(inputs: Readonly<Record<string, tf.Tensor>>): Owned<tf.Tensor> {
  const entries = Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1));
  const of = (owner: Owner): Readonly<Record<string, tf.Tensor>> => {
    const prefix = `${owner}/`;
    const own = entries.filter(([name]) => name.startsWith(prefix));
    return Object.fromEntries(own.map(([name, tensor]) => [name.slice(name.indexOf(':') + 1), tensor]));
  };
  return {
    batch: of('batch'),
    lengths: of('lengths'),
    reference: of('reference'),
    numbers: of('numbers'),
    tokens: of('tokens'),
    scalars: of('scalars'),
    optimizer: of('optimizer'),
    step: of('step'),
  };
}

/** Merges two records, owner by owner. An entry of `b` replaces the entry of `a` with the same name. */
export function mergeInputs(a: SomeOwned<Values>, b: SomeOwned<Values>): SomeOwned<Values> {
  return Object.fromEntries(owners.map((owner) => [owner, { ...a[owner], ...b[owner] }]));
}

/** A number as a scalar. */
export function scalarValue(value: number): Values {
  return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}

/** Numbers as a vector. */
export function vectorValue(values: ArrayLike<number>): Values {
  return { dtype: 'float32', shape: [values.length], data: Float32Array.from(values) };
}

/** Numbers as scalars, by name. */
export function scalarValues(numbers: Readonly<Record<string, number>>): Record<string, Values> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, scalarValue(value)]));
}
