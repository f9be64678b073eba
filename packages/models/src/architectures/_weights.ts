import type { WeightSpec } from './types.js';

/** Collects the weights of a decoder by name, in the order in which they are written. */
export interface WeightTable {
  readonly weights: ReadonlyMap<string, WeightSpec>;
  /** The same table, which marks the weights that are added by it with a layer's number. */
  ofLayer(layer: number): WeightTable;
  /** A weight [size] whose elements begin as `value`. */
  vector(name: string, size: number, value: number): void;
  /** The weight (1) and bias (0) of a layer norm. */
  layerNorm(name: string, size: number): void;
  /** A linear layer's weight, and its bias if it has one. */
  linear(name: string, from: number, to: number, options?: LinearOptions): void;
  /** A table of `entries` vectors: [entries, width]. */
  embedding(name: string, entries: number, width: number): void;
}

interface LinearOptions {
  /** Default false. */
  readonly bias?: boolean;
  /** The standard deviation in a new model. Default the table's. */
  readonly deviation?: number;
}

/**
 * An empty table of weights.
 *
 * @param layout how linear layers are stored
 * @param deviation the standard deviation of the weights of a new model
 */
export function weightTable(layout: 'out-in' | 'in-out', deviation: number): WeightTable {
  return tableOf(new Map(), layout, deviation, undefined);
}

function tableOf(
  weights: Map<string, WeightSpec>,
  layout: 'out-in' | 'in-out',
  deviation: number,
  layer: number | undefined,
): WeightTable {
  const place = layer === undefined ? {} : { layer };
  const vector = (name: string, size: number, value: number) => {
    weights.set(name, { shape: [size], kind: 'vector', initial: { value }, ...place });
  };
  return {
    weights,
    ofLayer: (number) => tableOf(weights, layout, deviation, number),
    vector,
    layerNorm(name, size) {
      vector(`${name}.weight`, size, 1);
      vector(`${name}.bias`, size, 0);
    },
    linear(name, from, to, { bias = false, deviation: own = deviation } = {}) {
      const shape = layout === 'out-in' ? [to, from] : [from, to];
      weights.set(`${name}.weight`, { shape, kind: 'linear', initial: { deviation: own }, ...place });
      if (bias) vector(`${name}.bias`, to, 0);
    },
    embedding(name, entries, width) {
      weights.set(name, { shape: [entries, width], kind: 'embedding', initial: { deviation }, ...place });
    },
  };
}
