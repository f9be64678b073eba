import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { addressOf, checkCluster } from './cluster.js';
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
          lists.push(missing);
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
