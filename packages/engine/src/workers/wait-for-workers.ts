import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DpoError } from '@dpo/base';
import { addressOf, type Cluster } from './cluster.js';

export interface WaitOptions {
  /** Seconds until the wait is given up. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Told whom the wait is for, when it begins to take time and whenever the list changes. */
  readonly onWait?: ((hosts: readonly string[]) => void) | undefined;
}

/** Between two tries to reach a worker. */
const PAUSE_MS = 200;

/**
 * Waits until every other worker listens: workers may start minutes apart.
 *
 * @throws DpoError `engine.workers-missing` that names those which did not come in time, and why not
 */
export async function waitForWorkers({ hosts, rank }: Cluster, options: WaitOptions): Promise<void> {
  const { seconds, signal, onWait } = options;
  const until = performance.now() + seconds * 1000;
  let missing = new Map(hosts.filter((_, i) => i !== rank).map((host) => [host, 'not tried']));
  while (missing.size > 0) {
    const tried = await Promise.all([...missing.keys()].map(async (host) => [host, await whyDeaf(host)] as const));
    const deaf = new Map(tried.flatMap(([host, why]) => (why === undefined ? [] : [[host, why] as const])));
    if (deaf.size > 0 && (deaf.size < missing.size || missing.values().next().value === 'not tried'))
      onWait?.([...deaf.keys()]);
    missing = deaf;
    if (missing.size === 0) return;
    if (performance.now() > until) throw workersMissing(missing, seconds);
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** Why nobody answers at an address; undefined where somebody does. */
function whyDeaf(address: string): Promise<string | undefined> {
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
