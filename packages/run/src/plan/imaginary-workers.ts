import type { Collective } from '@dpo/engine';

/** An exchange between workers, as one of W workers sees it. */
export interface Exchange {
  /** What travels: sums go around the ring twice, lists and parts once. */
  readonly kind: 'sum' | 'list';
  /** The bytes that this worker brings in. */
  readonly bytes: number;
}

/** The bytes of a number in a list. */
const DOUBLE = 8;
/** A list of up to so many numbers, with its count, is one exchange of fixed length: see the engine's collective. */
const SHORT = 64;

/**
 * The first of W workers, of which the others are imaginary: they always have the numbers that this worker has. Lets one process do
 * the work of one of several workers, to see what the work takes.
 *
 * @param onExchange is called with each exchange
 */
export function imaginaryWorkers(size: number, onExchange: (exchange: Exchange) => void): Collective {
  return {
    rank: 0,
    size,
    async sum(buffers) {
      for (const { byteLength } of buffers) onExchange({ kind: 'sum', bytes: byteLength });
    },
    async gather(values) {
      onExchange({ kind: 'list', bytes: DOUBLE * Math.max(SHORT, values.length) });
      return Array.from({ length: size }, () => values);
    },
    async join(part, whole) {
      onExchange({ kind: 'list', bytes: part.byteLength });
      for (let rank = 0; rank < size; rank++) whole.set(part, rank * part.length);
    },
  };
}
