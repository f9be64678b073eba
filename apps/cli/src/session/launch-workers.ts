import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../command/define.js';
import { EXIT } from '../command/run.js';
import { LAUNCHED } from '../command/signals.js';

/** How long a worker may take to end after another has failed, in milliseconds, before it is killed. */
const GRACE_MS = 5000;

/**
 * Runs this program once for each worker, with `TF_CONFIG` set. The notes of all workers are passed on, with the worker's number
 * before each line, and the results of the first worker. A signal goes to all workers. When a worker fails, the others are ended. When this
 * process is killed, the workers end as after a signal.
 *
 * @returns the exit code of the first worker that failed, else that of the first worker
 */
export async function launchWorkers(args: readonly string[], workers: number, context: Context): Promise<number> {
  const hosts = (await freePorts(workers)).map((port) => `127.0.0.1:${port}`);
  const children = hosts.map((_, index) => startWorker(args, hosts, index, context));
  context.note(`Workers: ${children.map(({ child }) => `process ${child.pid}`).join(', ')}.`);
  // A terminal sends Ctrl-C to the workers as well; `kill` does not.
  const end = (signal: NodeJS.Signals) => {
    for (const { child } of children) if (child.exitCode === null) child.kill(signal);
  };
  const onAbort = () => end('SIGINT');
  context.signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await context.finishing(async () => {
      let failure: number | undefined;
      const codes = await Promise.all(
        children.map(async ({ ended }, index) => {
          const code = await ended;
          if (code !== EXIT.done && code !== EXIT.interrupted && failure === undefined) {
            failure = code;
            context.note(`Worker ${index} failed: ending the others.`);
            void sleep(GRACE_MS, undefined, { ref: false }).then(() => end('SIGKILL'));
            end('SIGTERM');
          }
          return code;
        }),
      );
      return failure ?? codes.find((code) => code !== EXIT.done) ?? EXIT.done;
    });
  } finally {
    context.signal.removeEventListener('abort', onAbort);
    end('SIGKILL');
  }
}

/** A worker's process, and a promise of its exit code. */
interface Worker {
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
}

function startWorker(args: readonly string[], hosts: readonly string[], index: number, context: Context): Worker {
  const [, script = ''] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
    // The channel closes when this process ends, however it ends: the worker then ends too.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      [LAUNCHED]: '1',
      TF_CONFIG: JSON.stringify({ cluster: { worker: hosts }, task: { type: 'worker', index } }),
    },
  });
  const lines = (stream: Readable, say: (line: string) => void) =>
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', say);
  if (child.stdout !== null) lines(child.stdout, (line) => index === 0 && context.out(line));
  if (child.stderr !== null) lines(child.stderr, (line) => context.note(`[${index}] ${line}`));
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(EXIT.failed));
    child.once('close', (code) => resolve(code ?? EXIT.failed));
  });
  return { child, ended };
}

/** Ports of this machine that are free now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
