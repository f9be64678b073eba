import type { WeightSpec } from './types.js';

/** Collects the weights of a decoder by name, in the order in which they are written. */
export interface WeightTable {
  readonly weights: ReadonlyMap<string, WeightSpec>;
  /** The same table for the weights of a layer, which are marked with the layer's number. */
  ofLayer(layer: number): WeightTable;
  /** [size] numbers that begin as `value`. */
  vector(name: string, size: number, value: number): void;
  /** The weight (1) and bias (0) of a layer norm. */
  layerNorm(name: string, size: number): void;
  /** A linear layer's weight, and its bias where it has one. */
  linear(name: string, from: number, to: number, options?: LinearOptions): void;
  /** [rows, width] */
  embedding(name: string, rows: number, width: number): void;
}

interface LinearOptions {
  /** Default false. */
  readonly bias?: boolean;
  /** Standard deviation in a new model, if it is not that of all layers. */
  readonly deviation?: number;
}

/**
 * An empty table.
 *
 * @param layout how linear layers are stored
 * @param deviation standard deviation of the weights of a new model
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
    embedding(name, rows, width) {
      weights.set(name, { shape: [rows, width], kind: 'embedding', initial: { deviation }, ...place });
    },
  };
}
