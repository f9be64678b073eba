import { DpoError } from '@dpo/base';
import type { Cluster } from '../workers/cluster.js';
import type { Context } from './_context.js';
import { serverDef } from './_server-def.js';

/**
 * Makes a context one of a cluster's workers. Disposes of the context on failure.
 *
 * @throws DpoError `engine.port-taken` when the worker cannot listen at its address
 */
export function joinCluster(context: Context, cluster: Cluster): void {
  try {
    context.joinCluster(serverDef(cluster));
  } catch (cause) {
    context.dispose();
    const host = cluster.hosts[cluster.rank];
    throw new DpoError('engine.port-taken', `Worker ${cluster.rank} cannot listen at ${host}.`, {
      values: { host, rank: cluster.rank },
      hint: 'The port is taken, or the address is another machine’s: is this worker’s index right?',
      cause,
    });
  }
}
