import { BlockList, isIP } from 'node:net';
import { addressOf, alone, type Cluster, type Collective, type Engine, waitForWorkers } from '@dpo/engine';
import type { RunContext } from '../context.js';
import { checkSameWork } from './same-work.js';

/** How many seconds apart workers may start. */
const START_SECONDS = 600;

/**
 * Waits for the other workers of a run and checks that all of them are about to do the same.
 *
 * @param facts values that must be equal on all workers, by their names in the error
 * @throws DpoError `engine.workers-missing`, `workers.differ`, `engine.worker-lost`
 */
export async function joinWorkers(
  engine: Engine,
  cluster: Cluster | undefined,
  facts: () => Readonly<Record<string, unknown>>,
  context: RunContext,
): Promise<Collective> {
  const { collective } = engine;
  if (cluster === undefined || collective === undefined) return alone;
  const { hosts, rank } = cluster;
  for (const host of hosts.filter(isPublic))
    context.note(
      `Warning: ${host} is no private address. Whoever reaches a worker's port can take part: fence it off (docs/many-machines.md).`,
    );
  await waitForWorkers(cluster, {
    seconds: START_SECONDS,
    signal: context.signal,
    onWait: (missing) => {
      const list = [...missing].map(([host, why]) => `${host} (${why})`).join(', ');
      context.progress(`Waiting for the workers at ${list} …`);
    },
  });
  await checkSameWork(collective, facts(), hosts);
  context.note(`Workers: ${hosts.length}, of which this is number ${rank}, at ${hosts[rank]}.`);
  return collective;
}

/**
 * Lets a worker leave without an error for the other workers. A worker that calls this function needs no more numbers from the
 * others, so that a failure of this last exchange does not matter.
 */
export async function leaveWorkers(collective: Collective): Promise<void> {
  if (collective.size > 1) await collective.gather([]).catch(() => undefined);
}

const privateNets = new BlockList();
for (const [net, bits] of [
  ...([
    ['127.0.0.0', 8],
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['169.254.0.0', 16],
  ] as const),
  ...([['100.64.0.0', 10]] as const),
])
  privateNets.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  privateNets.addSubnet(net, bits, 'ipv6');

/** Whether a host is an address that the internet can reach. False for names, which are not looked up. */
function isPublic(host: string): boolean {
  const { host: address = '' } = addressOf(host) ?? {};
  const family = isIP(address);
  return family !== 0 && !privateNets.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
