import { Worker } from 'node:worker_threads';
import { adoptUnfinished } from '@dpo/base/files';
import type { BareContext } from './define.js';
import { EXIT } from './run.js';

/** A message from the thread of a command to the program. */
export type FromThread =
  | { readonly kind: 'out' | 'note' | 'progress'; readonly line: string }
  /** A file or folder that is being written, to be removed when the thread is ended. */
  | { readonly kind: 'unfinished'; readonly path: string }
  | { readonly kind: 'ended'; readonly code: number };

/** How long a thread may take to end by itself after a signal, in milliseconds. Commands that see the signal are faster. */
const GRACE_MS = 1000;

/**
 * Whether a command runs in a thread of its own: the commands that read, compute and write data have long loops without a pause,
 * in which the main thread would see no signal.
 */
export function runsApart([word]: readonly string[]): boolean {
  return word === 'data';
}

/** Runs the command that `args` name in a thread, which a signal ends even in a loop. Returns the exit code. */
export async function runApart(args: readonly string[], context: BareContext, script: URL): Promise<number> {
  const { interactive, program, signal } = context;
  const thread = new Worker(script, { workerData: { args, interactive, program } });
  try {
    return await new Promise<number>((resolve, reject) => {
      thread.on('message', (message: FromThread) => {
        if (message.kind === 'ended') resolve(message.code);
        else if (message.kind === 'unfinished') adoptUnfinished(message.path);
        else context[message.kind](message.line);
      });
      thread.on('error', reject);
      thread.on('exit', () => reject(new Error('The thread of the command ended without a result.')));
      signal.addEventListener('abort', () => {
        thread.postMessage('stop');
        setTimeout(() => {
          context.note('Interrupted.');
          resolve(EXIT.interrupted);
        }, GRACE_MS).unref();
      });
    });
  } catch (error) {
    context.note(`Error: ${failureOf(error)}`);
    return EXIT.failed;
  } finally {
    // Nobody waits for the end of the thread, which may itself wait for a file.
    void thread.terminate();
  }
}

function failureOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return 'The process ran out of memory. Raise the limit: NODE_OPTIONS=--max-old-space-size=MEGABYTES.';
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
