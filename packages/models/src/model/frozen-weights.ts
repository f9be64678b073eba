import { isBfloat16, toBfloat16, widen } from '@dpo/base';
import type { Engine, Storage, Variable } from '@dpo/engine';

/**
 * How the matrices of weights that are not trained are stored. `auto` stores a matrix in bfloat16 when each of its numbers is a
 * bfloat16, so that nothing is lost, and else in float32. `bfloat16` rounds. Vectors, such as norms, are always in float32. So is the
 * matrix of the logits when products are in float32: its copies for the products, of the policy, the reference and the gradient,
 * would take more memory than is saved.
 */
export type FrozenStorage = 'auto' | Storage;

/** What rounding to bfloat16 has changed. */
export interface Rounding {
  /** Matrices that are not what they were. */
  readonly matrices: number;
  /** Numbers of these matrices. */
  readonly numbers: number;
  /** √(Σ (w − rounded w)² / Σ w²) over these numbers. */
  readonly relative: number;
}

/** Makes the variables of weights, and remembers what rounding has changed. */
export interface WeightStore {
  /** Makes a variable of a copy of the data. */
  add(name: string, shape: readonly number[], data: Float32Array): Variable;
  /** Undefined when nothing has changed. */
  rounding(): Rounding | undefined;
}

/**
 * A store of weights in an engine.
 *
 * @param unembedding the name of the matrix of the logits, if the model has one
 */
export function weightStore(engine: Engine, storage: FrozenStorage, unembedding?: string): WeightStore {
  let [matrices, numbers, lost, all] = [0, 0, 0, 0];
  return {
    add(name, shape, data) {
      if (storage === 'float32' || shape.length < 2) return engine.variable(name, shape, data);
      const isCopied = name === unembedding && engine.precision === 'float32';
      const isExact = isBfloat16(data);
      if (isCopied || (storage === 'auto' && !isExact)) return engine.variable(name, shape, data);
      const variable = engine.variable(name, shape, data, { storage: 'bfloat16' });
      if (!isExact && variable.storage === 'bfloat16') {
        const squares = squaresOf(data);
        matrices++;
        numbers += data.length;
        lost += squares.lost;
        all += squares.all;
      }
      return variable;
    },
    rounding: () => (matrices === 0 ? undefined : { matrices, numbers, relative: Math.sqrt(lost / all) }),
  };
}

/** Numbers that are rounded at a time, so that a large matrix needs no second copy. */
const PIECE = 2 ** 16;

/** Σ (w − rounded w)² and Σ w². */
function squaresOf(data: Float32Array): { readonly lost: number; readonly all: number } {
  const back = new Float32Array(PIECE);
  let [lost, all] = [0, 0];
  for (let start = 0; start < data.length; start += PIECE) {
    const piece = data.subarray(start, start + PIECE);
    widen(new Uint8Array(toBfloat16(piece).buffer), 'bfloat16', back, 0);
    for (let i = 0; i < piece.length; i++) {
      const value = piece[i] as number;
      lost += (value - (back[i] as number)) ** 2;
      all += value ** 2;
    }
  }
  return { lost, all };
}
