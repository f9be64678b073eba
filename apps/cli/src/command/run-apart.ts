import { Worker } from 'node:worker_threads';
import { adoptUnfinished } from '@dpo/base/files';
import type { BareContext } from './define.js';
import { EXIT } from './run.js';

/** What the thread of a command says to the program. */
export type FromThread =
  | { readonly kind: 'out' | 'note' | 'progress'; readonly line: string }
  /** Something that is being written, to be removed where the thread is ended. */
  | { readonly kind: 'unfinished'; readonly path: string }
  | { readonly kind: 'ended'; readonly code: number };

/** What a thread may take to end by itself after a signal: longer than a command that can hear the signal takes. */
const GRACE_MS = 1000;

/**
 * Whether a command does nothing but read, compute and write data: long loops without a pause, in which this thread would hear
 * no signal.
 */
export function runsApart([word]: readonly string[]): boolean {
  return word === 'data';
}

/** Runs the command that `args` name in a thread, which a signal ends whatever is being computed. Returns the exit code. */
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
    // Not waited for: a thread ends only after the file that it waits for.
    void thread.terminate();
  }
}

function failureOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return 'The memory of the process did not suffice. Raise it: NODE_OPTIONS=--max-old-space-size=MEGABYTES.';
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
