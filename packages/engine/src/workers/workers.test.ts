import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { addressOf, checkCluster } from './cluster.js';
import { alone } from './collective.js';
import { ofFirstWorker } from './of-first-worker.js';
import { gatherPieces, isOwnPiece } from './pieces.js';
import { waitForWorkers } from './wait-for-workers.js';

describe('a cluster', () => {
  it('has addresses with ports', () => {
    expect(addressOf('node-1.local:2222')).toEqual({ host: 'node-1.local', port: 2222 });
    expect(addressOf('[fd00::1]:80')).toEqual({ host: 'fd00::1', port: 80 });
    for (const text of ['a', 'a:', ':1', 'a:0', 'a:65536', 'a:b', 'http://a:1', '::1:80', 'a:1:2'])
      expect(addressOf(text), text).toBeUndefined();
  });

  it.each([
    [{ hosts: [], rank: 0 }, 'hosts'],
    [{ hosts: ['a:1', 'a:1'], rank: 0 }, 'a:1 twice'],
    [{ hosts: ['a:1', 'b:1'], rank: 2 }, 'rank'],
    [{ hosts: ['a:1', 'b:1'], rank: 0.5 }, 'rank'],
    [{ hosts: ['a:1', 'b:1'], rank: 0, timeoutSeconds: 0 }, 'timeoutSeconds'],
  ])('%j is refused', (cluster, text) => {
    expect(() => checkCluster(cluster)).toThrow(
      expect.objectContaining({ code: 'engine.wrong-option', message: expect.stringContaining(text) }),
    );
  });
});

describe('pieces of work', () => {
  it.each([1, 2, 3, 7])('of %i workers are the pieces of one', async (size) => {
    const pieces = [[1, 2, 3], [], [4], [5, 6], [Number.NaN, -0]];
    const ownOf = (rank: number) => pieces.filter((_, i) => isOwnPiece(i, { ...alone, rank, size }));
    const lists = Array.from({ length: size }, (_, rank) => ownOf(rank).flatMap((own) => [own.length, ...own]));
    for (let rank = 0; rank < size; rank++)
      expect(
        await gatherPieces(ownOf(rank), pieces.length, {
          ...alone,
          ...{ rank, size },
          gather: async (own) => {
            expect(own).toEqual(lists[rank]);
            return lists;
          },
        }),
      ).toEqual(pieces);
  });
});

describe('numbers of the first worker', () => {
  /** Two workers, of which only the first computes. */
  async function both(compute: () => Promise<readonly number[]>) {
    const lists: (readonly number[])[] = [];
    const gather = async (own: readonly number[]) => {
      lists.push(own);
      return [own, []];
    };
    const first = { ...alone, size: 2, gather };
    const ends = await Promise.allSettled([ofFirstWorker(first, compute)]);
    const second = { ...alone, rank: 1, size: 2, gather: async () => [lists[0] ?? [], []] };
    const never = () => Promise.reject(new Error('the second worker must not compute'));
    return [...ends, ...(await Promise.allSettled([ofFirstWorker(second, never)]))];
  }

  it('are the numbers of all', async () => {
    for (const numbers of [[], [3, 0, 1.5]])
      expect(await both(async () => numbers)).toEqual([
        { status: 'fulfilled', value: numbers },
        { status: 'fulfilled', value: numbers },
      ]);
  });

  it('that cannot be computed fail on all workers', async () => {
    const cause = new Error('no reward');
    expect(await both(() => Promise.reject(cause))).toEqual([
      { status: 'rejected', reason: cause },
      { status: 'rejected', reason: expect.objectContaining({ code: 'engine.first-worker-failed' }) },
    ]);
  });
});

describe('waiting for workers', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  });

  /** Listens at a port, by default at a free one, and returns the port. */
  async function listen(port = 0): Promise<number> {
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  it('ends once the last worker listens, and names the missing worker before', async () => {
    const [here, late] = [await listen(), await listen()];
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const hosts = ['127.0.0.1:1', `127.0.0.1:${here}`, `127.0.0.1:${late}`];
    const lists: (readonly string[])[] = [];
    const waiting = waitForWorkers(
      { hosts, rank: 0 },
      {
        seconds: 60,
        onWait: (missing) => {
          lists.push([...missing.keys()]);
          void listen(late);
        },
      },
    );
    await waiting;
    expect(lists).toEqual([[hosts[2]]]);
  });

  it('fails in time, with the addresses', async () => {
    const port = await listen();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(
      waitForWorkers({ hosts: ['a:1', `127.0.0.1:${port}`], rank: 0 }, { seconds: 0 }),
    ).rejects.toMatchObject({
      code: 'engine.workers-missing',
      message: `No worker answered within 0 s at 127.0.0.1:${port} (ECONNREFUSED).`,
    });
  });

  it('fails for a name that no address belongs to, and says so', async () => {
    const wait = waitForWorkers({ hosts: ['a:1', 'no-such-host.invalid:2222'], rank: 0 }, { seconds: 0 });
    await expect(wait).rejects.toMatchObject({
      code: 'engine.workers-missing',
      message: expect.stringMatching(/no-such-host\.invalid:2222 \((ENOTFOUND|EAI_AGAIN)\)/),
    });
  });

  it('can be aborted', async () => {
    const port = await listen();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const stop = new AbortController();
    const waiting = waitForWorkers(
      { hosts: ['a:1', `127.0.0.1:${port}`], rank: 0 },
      { seconds: 60, signal: stop.signal, onWait: () => stop.abort() },
    );
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
