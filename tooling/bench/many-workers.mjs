import { freeHosts, tfConfig } from '../many/cluster.mjs';
import { lastLine } from './measure.mjs';

/** The cluster that TF_CONFIG names to a worker of these scripts; undefined for one worker alone. */
export function clusterHere() {
  const { cluster, task } = JSON.parse(process.env.TF_CONFIG ?? '{}');
  return cluster && { hosts: cluster.worker, rank: task.index };
}

/** Runs a script of ours once for each worker, and resolves to the last line of JSON of each. */
export async function runWorkers(workers, script, args) {
  const hosts = await freeHosts(workers);
  return Promise.all(
    hosts.map((_, index) => {
      const config = workers > 1 ? { TF_CONFIG: tfConfig(hosts, index) } : {};
      return lastLine([process.execPath, script], args, { ...process.env, ...config });
    }),
  );
}
