import { DpoError } from '@dpo/base';
import type { CallQueue } from '../shared/call-queue.js';
import type { Cluster } from '../workers/cluster.js';
import type { Collective } from '../workers/collective.js';
import type { Call, Context, Handle } from './_context.js';
import { DATA_TYPES } from './native-tensor.js';

/** Buffers of up to so many numbers (64 MB) are summed in one exchange. Few large pieces use the network best. */
const TOGETHER = 2 ** 24;
/** The count of a list and so many of its numbers go out in one exchange. */
const SHORT = 63;
/** The key of the group of all workers. */
const GROUP = 1;

/**
 * Sums and lists over the workers of a cluster, by TensorFlow's collective operations: a ring over gRPC between processors.
 * All workers get the same bits.
 *
 * When a worker dies, or does not call within the cluster's `timeoutSeconds`, the calls of all other workers fail with
 * `engine.worker-lost`. Afterwards the cluster cannot be used any more.
 */
export class TensorFlowCollective implements Collective {
  readonly rank: number;
  readonly size: number;
  readonly #seconds: number;
  /** The key of each kind of exchange, by which TensorFlow matches the workers' exchanges. */
  readonly #keys = new Map<string, number>();

  constructor(
    readonly context: Context,
    readonly queue: CallQueue,
    { rank, hosts, timeoutSeconds = 600 }: Cluster,
  ) {
    this.rank = rank;
    this.size = hosts.length;
    this.#seconds = timeoutSeconds;
  }

  async sum(buffers: readonly Float32Array[]): Promise<void> {
    for (const part of parts(buffers)) {
      const [first] = part;
      const together = part.length === 1 && first !== undefined ? first : joined(part);
      await this.#exchange('CollectiveReduceV2', 'float32', together, together);
      if (part.length === 1) continue;
      let start = 0;
      for (const buffer of part) {
        buffer.set(together.subarray(start, start + buffer.length));
        start += buffer.length;
      }
    }
  }

  async gather(values: readonly number[]): Promise<number[][]> {
    const [head, tail] = [values.slice(0, SHORT), values.slice(SHORT)];
    const heads = await this.#gatherEqual([values.length, ...head], SHORT + 1);
    const counts = heads.map(([count = 0]) => count);
    const longest = roomFor(Math.max(...counts) - SHORT);
    const tails = longest > 0 ? await this.#gatherEqual(tail, longest) : [];
    return counts.map((count, rank) => [
      ...(heads[rank]?.slice(1, 1 + Math.min(count, SHORT)) ?? []),
      ...(tails[rank]?.slice(0, Math.max(0, count - SHORT)) ?? []),
    ]);
  }

  async join(part: Float32Array, whole: Float32Array): Promise<void> {
    if (part.length > 0) await this.#exchange('CollectiveGatherV2', 'float32', part, whole);
  }

  /** The lists of all workers, each filled up to `length` numbers. Doubles travel as pairs of int32, so that no bit is lost. */
  async #gatherEqual(values: readonly number[], length: number): Promise<number[][]> {
    const doubles = new Float64Array(length);
    doubles.set(values);
    const pairs = new Int32Array(doubles.buffer);
    const all = new Float64Array(length * this.size);
    await this.#exchange('CollectiveGatherV2', 'int32', pairs, new Int32Array(all.buffer));
    return Array.from({ length: this.size }, (_, rank) => [...all.subarray(rank * length, (rank + 1) * length)]);
  }

  /** Runs one collective operation after the engine's earlier calls, and copies the result into `into`. */
  #exchange<Data extends Float32Array | Int32Array>(
    name: string,
    dtype: 'float32' | 'int32',
    data: Data,
    into: Data,
  ): Promise<void> {
    const key = this.#keyOf(`${name} ${dtype} ${data.length}`);
    return this.queue.run(async () => {
      const { context } = this;
      const scalar = (value: number) => context.upload('int32', [], [value]);
      const inputs = [context.upload(dtype, [data.length], data), ...[this.size, GROUP, key].map(scalar)];
      const reducing = { merge_op: { string: 'Add' }, final_op: { string: 'Id' } };
      const call: Call = {
        name,
        inputs,
        attributes: {
          T: { type: DATA_TYPES[dtype] },
          communication_hint: { string: 'auto' },
          timeout_seconds: { float: this.#seconds },
          ...(name === 'CollectiveReduceV2' ? reducing : {}),
        },
        outputs: 1,
      };
      try {
        const [result] = await context.executeAsync(call).catch((error: unknown) => {
          throw workerLost(error, this.#seconds);
        });
        context.download(result as Handle, into);
      } finally {
        for (const input of inputs) context.release(input);
      }
    });
  }

  #keyOf(kind: string): number {
    const key = this.#keys.get(kind) ?? this.#keys.size + 1;
    this.#keys.set(kind, key);
    return key;
  }
}

/** The buffers in order, divided into parts that are summed in one exchange each. */
function* parts(buffers: readonly Float32Array[]): Generator<readonly Float32Array[]> {
  let part: Float32Array[] = [];
  let length = 0;
  for (const buffer of buffers) {
    if (length + buffer.length > TOGETHER && part.length > 0) {
      yield part;
      [part, length] = [[], 0];
    }
    if (buffer.length === 0) continue;
    part.push(buffer);
    length += buffer.length;
  }
  if (part.length > 0) yield part;
}

function joined(part: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(part.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const buffer of part) {
    all.set(buffer, start);
    start += buffer.length;
  }
  return all;
}

/** Long lists are filled up to 2ᵏ numbers: TensorFlow keeps a record of each length. */
function roomFor(count: number): number {
  return count <= 0 ? 0 : 2 ** Math.ceil(Math.log2(count));
}

function workerLost(cause: unknown, seconds: number): DpoError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DpoError('engine.worker-lost', `Another worker is gone, or did not answer within ${seconds} s: ${why}`, {
    values: { seconds },
    hint: 'Look at the other workers’ errors. The last checkpoint is whole: start all workers again with --resume.',
    cause,
  });
}
