import { BlockList, isIP } from 'node:net';
import { addressOf, alone, type Cluster, type Collective, type Engine, waitForWorkers } from '@dpo/engine';
import type { RunContext } from '../context.js';
import { checkSameWork } from './same-work.js';

/** Seconds that workers may start apart. */
const START_SECONDS = 600;

/**
 * Waits for the other workers of a run and checks that all are about to do the same.
 *
 * @param facts what must be alike, by the names that an error gives them
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
    onWait: (missing) => context.progress(`Waiting for the workers at ${missing.join(', ')} …`),
  });
  await checkSameWork(collective, facts(), hosts);
  context.note(`Workers: ${hosts.length}, of which this is number ${rank}, at ${hosts[rank]}.`);
  return collective;
}

/**
 * Lets a worker leave without an error for the others. Once a list is asked for here, every worker has all that it needs of the
 * others: whether this last one still comes is of no matter.
 */
export async function leaveWorkers(collective: Collective): Promise<void> {
  if (collective.size > 1) await collective.gather([]).catch(() => undefined);
}

const fenced = new BlockList();
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
  fenced.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  fenced.addSubnet(net, bits, 'ipv6');

/** Whether an address is one of the internet's. Of names nothing is known. */
function isPublic(host: string): boolean {
  const { host: address = '' } = addressOf(host) ?? {};
  const family = isIP(address);
  return family !== 0 && !fenced.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
