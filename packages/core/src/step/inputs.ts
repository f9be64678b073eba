import type { Values } from '@dpo/engine';
import type * as tf from '@tensorflow/tfjs-core';

/**
 * Everything that goes into a function of a step, by owner: names of one owner never meet those of another.
 *
 * | owner | what |
 * |---|---|
 * | `batch` | the packed batch |
 * | `lengths` | answer tokens by the answers' names, [N] each |
 * | `reference` | log π_ref that was computed before, by answer [N, K] or by token [R] |
 * | `numbers` | numbers of the examples, [N] each |
 * | `tokens` | numbers of the predicted tokens, [R] each |
 * | `scalars` | numbers of the step, by the method |
 * | `optimizer` | the optimizer's scalars |
 * | `step` | the trainer's own: the scale of the losses, the number of the draw |
 */
const owners = ['batch', 'lengths', 'reference', 'numbers', 'tokens', 'scalars', 'optimizer', 'step'] as const;

type Owner = (typeof owners)[number];

/** Entries of all owners. */
export type Owned<T> = { readonly [O in Owner]: Readonly<Record<string, T>> };

/** Entries of some owners. */
export type SomeOwned<T> = { readonly [O in Owner]?: Readonly<Record<string, T>> };

/** The inputs of an engine function, whose names are `owner/place:name`: engines sort names, places keep the order. */
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

/** The other side of {@link encodeInputs}, inside the function. */
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

/** Both records, owner by owner. */
export function mergeInputs(a: SomeOwned<Values>, b: SomeOwned<Values>): SomeOwned<Values> {
  return Object.fromEntries(owners.map((owner) => [owner, { ...a[owner], ...b[owner] }]));
}

/** A scalar. */
export function scalarValue(value: number): Values {
  return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}

/** One number to an entry. */
export function vectorValue(values: ArrayLike<number>): Values {
  return { dtype: 'float32', shape: [values.length], data: Float32Array.from(values) };
}

/** Numbers as scalars, by name. */
export function scalarValues(numbers: Readonly<Record<string, number>>): Record<string, Values> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, scalarValue(value)]));
}
