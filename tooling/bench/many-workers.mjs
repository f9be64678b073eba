import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/**
 * What the programs of these benchmarks print.
 *
 * @typedef {{ stepSeconds: number[], highWater: number, large: number[], small: number[] }} Printed
 */

/** A port of this machine that is free now. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The cluster that TF_CONFIG names to a worker of these scripts; undefined for one worker alone. */
export function clusterHere() {
  const { cluster, task } = JSON.parse(process.env.TF_CONFIG ?? '{}');
  return cluster && { hosts: cluster.worker, rank: task.index };
}

/**
 * Runs a program once for each worker, and resolves to the last line of JSON of each.
 *
 * @returns {Promise<Printed[]>}
 */
export async function runWorkers(workers, program, args, env = {}) {
  const hosts = [];
  while (hosts.length < workers) hosts.push(`127.0.0.1:${await freePort()}`);
  return Promise.all(
    hosts.map((_, index) => {
      const config = JSON.stringify({ cluster: { worker: hosts }, task: { type: 'worker', index } });
      return lastLine(program, args, { ...(workers > 1 ? { TF_CONFIG: config } : {}), ...env });
    }),
  );
}

/**
 * Runs a program, and resolves to its last line of standard output as JSON.
 *
 * @returns {Promise<Printed>}
 */
export function lastLine(program, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let [out, notes] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      notes += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const line = out.trimEnd().split('\n').at(-1) ?? '';
      if (code === 0 && line.startsWith('{')) resolve(JSON.parse(line));
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${notes.slice(-4000)}`));
    });
  });
}
