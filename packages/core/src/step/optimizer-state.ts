import type { Collective, Variable } from '@dpo/engine';
import { type Optimizer, slotShapes } from '../optimizers/types.js';
import type { TrainedVariable } from './gradients.js';
import { elementsOf } from './in-parts.js';
import type { Slots } from './update.js';
import { joinShares, type WeightShare, weightShares } from './weight-share.js';

/** Numbers of a run that checkpoints hold, as a whole tensor, wherever the numbers are. */
export type StoredTensor = Pick<Variable, 'shape' | 'read' | 'write'>;

/** The optimizer's state of a run. */
export interface OptimizerState {
  /** This worker's variables. A divided weight's slots are vectors of the worker's share. */
  readonly slots: Slots;
  /** This worker's shares of the divided weights, by weight. */
  readonly shares: ReadonlyMap<string, WeightShare>;
  /** The whole slots, by `slot/weight`. Divided slots can be read only inside `saving`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /**
   * Does the work of the workers that want to save, one worker after another, while the others lend their shares. All workers call
   * `saving` together when weights are divided; otherwise each worker is alone.
   */
  saving(wanted: boolean, save: () => Promise<void>): Promise<void>;
}

/** What an optimizer's state is made for. */
export interface StateOptions {
  readonly optimizer: Optimizer;
  readonly weights: readonly TrainedVariable[];
  readonly collective: Collective;
  /** Whether workers divide the state. */
  readonly divided: boolean;
  readonly variable: (name: string, shape: readonly number[]) => Variable;
}

/** Makes the slots of all weights, as zeros. */
export function openOptimizerState({
  optimizer,
  weights,
  collective,
  divided,
  variable,
}: StateOptions): OptimizerState {
  const shares = new Map<string, WeightShare>();
  if (divided && collective.size > 1 && optimizer.byNumber === true && optimizer.slots.length > 0)
    for (const { name, variable } of weights) {
      const own = weightShares(elementsOf(variable.shape), collective)?.[collective.rank];
      if (own !== undefined) shares.set(name, own);
    }
  const exchange = new ShareExchange(collective);
  const tensors = new Map<string, StoredTensor>();
  const slots = new Map(
    weights.map(({ name, variable: weight }) => {
      const own = shares.get(name);
      const parts = Object.entries(slotShapes(optimizer, weight.shape)).map(([slot, shape]): [string, Variable] => {
        const part = variable(`${slot}/${name}`, own === undefined ? shape : [own.length]);
        tensors.set(`${slot}/${name}`, own === undefined ? part : exchange.stored(part, shape, own));
        return [slot, part];
      });
      return [name, Object.fromEntries(parts)] as const;
    }),
  );
  const saving: OptimizerState['saving'] =
    shares.size > 0
      ? (wanted, save) => exchange.saving(wanted, save)
      : async (wanted, save) => {
          if (wanted) await save();
        };
  return { slots, shares, tensors, saving };
}

/** A slot of which each worker has a share. */
interface DividedSlot {
  readonly part: Variable;
  /** The numbers of the whole slot. */
  readonly size: number;
}

/** The number that ends the lending. */
const END = -1;

/** Lends shares to the worker that saves. That worker names the slots, so that their order is the worker's own. */
class ShareExchange {
  readonly #slots: DividedSlot[] = [];

  constructor(readonly collective: Collective) {}

  stored(part: Variable, shape: readonly number[], { start, length }: WeightShare): StoredTensor {
    const size = elementsOf(shape);
    const place = this.#slots.push({ part, size }) - 1;
    return {
      shape,
      write: (data) => part.write(data.subarray(start, start + length)),
      read: async (into = new Float32Array(size)) => {
        await this.collective.gather([place]);
        into.set(await this.#join(place));
        // There may be room for a larger tensor.
        return into.subarray(0, size);
      },
    };
  }

  async saving(wanted: boolean, save: () => Promise<void>): Promise<void> {
    const { collective } = this;
    const flags = await collective.gather([Number(wanted)]);
    for (const [rank, [wants = 0]] of flags.entries()) {
      if (wants === 0) continue;
      if (rank !== collective.rank) await this.#lendTo(rank);
      else await this.#borrowing(save);
    }
  }

  async #borrowing(save: () => Promise<void>): Promise<void> {
    try {
      await save();
    } catch (error) {
      // The error of the worker's own files matters more than what the other workers say.
      await this.collective.gather([END]).catch(() => undefined);
      throw error;
    }
    await this.collective.gather([END]);
  }

  async #lendTo(rank: number): Promise<void> {
    for (;;) {
      const place = (await this.collective.gather([]))[rank]?.[0] ?? END;
      if (place === END) return;
      await this.#join(place);
    }
  }

  async #join(place: number): Promise<Float32Array> {
    const { part, size } = this.#slots[place] as DividedSlot;
    const [whole] = await joinShares(this.collective, [{ size, values: await part.read() }]);
    return whole as Float32Array;
  }
}
