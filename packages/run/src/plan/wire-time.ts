import type { Exchange } from './imaginary-workers.js';

/** The network between workers. */
export interface Network {
  /** Bits a second in each direction. */
  readonly bitsPerSecond: number;
  /** Seconds that a message takes to the next worker. */
  readonly delaySeconds: number;
}

/**
 * What TensorFlow's own code takes for an exchange, besides the network. Provisional: the rate is from one sum of 100 MB in 0.7 s between
 * two processes on two cores, and the seconds of each exchange are a guess. `tooling/bench/many-ring.mjs` measures both.
 */
export const RING = {
  /** Seconds of each exchange. */
  secondsEach: 0.004,
  /** Bytes that a worker sends in a second, when the network is no limit. */
  bytesPerSecond: 0.14e9,
} as const;

/**
 * The bytes that each of W workers sends, and receives, for an exchange. A sum of n bytes sends 2 (W − 1)/W · n: each worker's part of
 * the sum goes around the ring, then the sums do. A list of n bytes goes to the other W − 1 workers.
 */
export function bytesSent({ kind, bytes }: Exchange, workers: number): number {
  return kind === 'sum' ? (2 * (workers - 1) * bytes) / workers : (workers - 1) * bytes;
}

/**
 * The seconds of an exchange between W workers:
 *
 *     t = c + h · d + s · max(8 / b, 1 / r)
 *
 * s are the bytes sent, b the network's bits a second, d its delay, h the messages that wait for each other (2 (W − 1) for a sum, W − 1
 * for a list), c and r the constants of {@link RING}.
 */
export function exchangeSeconds(exchange: Exchange, workers: number, network: Network): number {
  const messages = (exchange.kind === 'sum' ? 2 : 1) * (workers - 1);
  const perByte = Math.max(8 / network.bitsPerSecond, 1 / RING.bytesPerSecond);
  return RING.secondsEach + messages * network.delaySeconds + bytesSent(exchange, workers) * perByte;
}
