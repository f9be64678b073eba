import { wrongOption } from '../shared/check-options.js';

/** The workers that an engine belongs to. */
export interface Cluster {
  /** The address that each worker listens at, `host:port`, by rank. */
  readonly hosts: readonly string[];
  /** This worker's number, from 0. */
  readonly rank: number;
  /** The seconds that a sum or a list waits for the other workers before it fails. Default 600. */
  readonly timeoutSeconds?: number | undefined;
}

/** Divides a worker's address into host and port; undefined for text of another form. An IPv6 address stands in brackets. */
export function addressOf(host: string): { readonly host: string; readonly port: number } | undefined {
  const { name, port } = /^(?<name>\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(?<port>\d{1,5})$/.exec(host)?.groups ?? {};
  if (name === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return { host: name.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/**
 * Checks a cluster's addresses, rank and timeout.
 *
 * @throws DpoError `engine.wrong-option` when one of them is impossible
 */
export function checkCluster({ hosts, rank, timeoutSeconds = 600 }: Cluster): void {
  if (hosts.length === 0) throw wrongOption('hosts', '[]', 'one address or more');
  for (const host of hosts)
    if (addressOf(host) === undefined) throw wrongOption('hosts', host, 'addresses of the form host:port');
  const twice = hosts.find((host, i) => hosts.indexOf(host) < i);
  if (twice !== undefined) throw wrongOption('hosts', `${twice} twice`, 'an address of its own for each worker');
  if (!Number.isInteger(rank) || rank < 0 || rank >= hosts.length)
    throw wrongOption('rank', rank, `a number from 0 to ${hosts.length - 1}`);
  if (!(timeoutSeconds > 0)) throw wrongOption('timeoutSeconds', timeoutSeconds, 'a number above 0');
}
