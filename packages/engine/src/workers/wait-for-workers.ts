import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DpoError } from '@dpo/base';
import { addressOf, type Cluster } from './cluster.js';

/** How long to wait for workers. */
export interface WaitOptions {
  /** The seconds after which the wait fails. */
  readonly seconds: number;
  /** Aborting ends the wait with an AbortError. */
  readonly signal?: AbortSignal | undefined;
  /** Is called with the addresses of the missing workers, and why each does not answer, when the wait begins and whenever the list changes. */
  readonly onWait?: ((missing: ReadonlyMap<string, string>) => void) | undefined;
}

/** The pause between two attempts to reach a worker. */
const PAUSE_MS = 200;

/**
 * Waits until every other worker listens, since workers may start minutes apart.
 *
 * @throws DpoError `engine.workers-missing` when the time is over, with the addresses that did not answer, and why not
 */
export async function waitForWorkers({ hosts, rank }: Cluster, options: WaitOptions): Promise<void> {
  const { seconds, signal, onWait } = options;
  const until = performance.now() + seconds * 1000;
  let missing = new Map(hosts.filter((_, i) => i !== rank).map((host) => [host, 'not tried']));
  while (missing.size > 0) {
    const attempts = await Promise.all(
      [...missing.keys()].map(async (host) => [host, await whyNoAnswer(host)] as const),
    );
    const silent = new Map(attempts.flatMap(([host, why]) => (why === undefined ? [] : [[host, why] as const])));
    if (silent.size > 0 && (silent.size < missing.size || missing.values().next().value === 'not tried'))
      onWait?.(silent);
    missing = silent;
    if (missing.size === 0) return;
    if (performance.now() > until) throw workersMissing(missing, seconds);
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** The reason why no worker answers at an address; undefined when one does. */
function whyNoAnswer(address: string): Promise<string | undefined> {
  const { host, port } = addressOf(address) as NonNullable<ReturnType<typeof addressOf>>;
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 5000 });
    const end = (why: string | undefined) => {
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end('no answer'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

function workersMissing(missing: ReadonlyMap<string, string>, seconds: number): DpoError {
  const list = [...missing].map(([host, why]) => `${host} (${why})`).join(', ');
  return new DpoError('engine.workers-missing', `No worker answered within ${seconds} s at ${list}.`, {
    values: { missing: Object.fromEntries(missing), seconds },
    hint: 'Start every worker with the same list of addresses, and let them reach each other’s ports.',
  });
}
