import type { Engine, Scope, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';

/** A head that predicts from the hidden state before a token the rewards from that token on. */
export interface ValueHead {
  /** The head's weights, by name. */
  readonly trainables: ReadonlyMap<string, Variable>;
  /** V = h · w + b: [R, D] → [R]. `weight` gives a weight by its name. For the body of an engine function. */
  values(states: tf.Tensor2D, weight: (name: string) => tf.Tensor): tf.Tensor1D;
  /** Gives the weights as they are by name. For the body of an engine function. */
  read(scope: Scope): (name: string) => tf.Tensor;
  /** Frees the weights. */
  dispose(): void;
}

/** A head on hidden states of a width. All weights are 0 at the start, and so are the first values. */
export function valueHead(engine: Engine, width: number): ValueHead {
  const trainables = new Map([
    ['value.weight', engine.variable('value.weight', [width, 1])],
    ['value.bias', engine.variable('value.bias', [1])],
  ]);
  return {
    trainables,
    values: (states, weight) =>
      tf.reshape<tf.Rank.R1>(
        tf.add(tf.matMul(states, weight('value.weight') as tf.Tensor2D), weight('value.bias')),
        [-1],
      ),
    read: (scope) => (name) => {
      const variable = trainables.get(name);
      if (variable === undefined) throw new RangeError(`A value head has no weight ${name}.`);
      return scope.read(variable);
    },
    dispose() {
      for (const variable of trainables.values()) variable.dispose();
    },
  };
}
