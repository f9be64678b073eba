import type { Collective } from '@dpo/engine';

/** Workers in one process: each call waits until every worker has made it. */
export function workers(size: number): Collective[] {
  const meet = <T>() => {
    let values: T[] = [];
    let arrived = 0;
    let resolve: (all: readonly T[]) => void = () => undefined;
    let all = new Promise<readonly T[]>((done) => {
      resolve = done;
    });
    return (rank: number, value: T): Promise<readonly T[]> => {
      values[rank] = value;
      const together = all;
      if (++arrived === size) {
        const complete = values;
        [values, arrived] = [[], 0];
        const finish = resolve;
        all = new Promise((done) => {
          resolve = done;
        });
        finish(complete);
      }
      return together;
    };
  };
  const [sums, lists, parts] = [meet<readonly Float32Array[]>(), meet<readonly number[]>(), meet<Float32Array>()];
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    async sum(buffers) {
      const all = await sums(
        rank,
        buffers.map((buffer) => buffer.slice()),
      );
      buffers.forEach((buffer, b) => {
        buffer.forEach((_, i) => {
          buffer[i] = all.reduce((total, ofWorker) => total + (ofWorker[b]?.[i] as number), 0);
        });
      });
    },
    gather: (values) => lists(rank, values),
    async join(part, whole) {
      for (const [i, each] of (await parts(rank, part.slice())).entries()) whole.set(each, i * part.length);
    },
  }));
}
