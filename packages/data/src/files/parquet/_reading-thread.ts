import { Worker } from 'node:worker_threads';
import type { ParquetReply, ParquetRequest } from './parquet-worker.js';

/** The options of a thread that reads Parquet files. */
export interface ThreadOptions {
  /** The thread's script. */
  readonly script: URL;
  /** The milliseconds that a row group may take, for a file of so many bytes. */
  readonly limit: (bytes: number) => number;
  /** The largest size of the thread's heap in MiB. */
  readonly heap: number;
}

/** The milliseconds that a thread waits for another file: files are often read one after another. */
const IDLE = 500;

/** A waiting thread, its options, and a function that ends the waiting. */
interface Idle {
  readonly options: ThreadOptions;
  readonly thread: Worker;
  readonly wake: () => void;
}

const idle = new Set<Idle>();

/** A thread that reads one file at a time, and loads its libraries once. The caller gives the thread back, or terminates it. */
export function takeThread(options: ThreadOptions): Worker {
  for (const waiting of idle) {
    if (waiting.options !== options) continue;
    waiting.wake();
    waiting.thread.ref();
    return waiting.thread;
  }
  return new Worker(options.script, { resourceLimits: { maxOldGenerationSizeMb: options.heap } });
}

/** Keeps a thread for the next file, for a moment. */
export function giveBack(options: ThreadOptions, thread: Worker): void {
  const end = () => {
    wake();
    void thread.terminate();
  };
  thread.postMessage('close' satisfies ParquetRequest);
  // Neither the thread nor the timer keeps the process alive.
  thread.unref();
  const timer = setTimeout(end, IDLE).unref();
  const wake = () => {
    idle.delete(waiting);
    clearTimeout(timer);
    thread.off('error', end).off('exit', end);
  };
  const waiting: Idle = { options, thread, wake };
  idle.add(waiting);
  thread.on('error', end).on('exit', end);
}

/** Sends a thread a request and waits for the reply. Rejects when the thread ends, or does not reply in time. */
export function ask(thread: Worker, request: ParquetRequest, milliseconds: number): Promise<ParquetReply> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer);
      thread.off('message', onReply).off('error', onError);
      act();
    };
    const onReply = (reply: ParquetReply) => settle(() => resolve(reply));
    const onError = (error: Error) => settle(() => reject(error));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`a row group could not be read within ${Math.ceil(milliseconds / 1000)} s`))),
      milliseconds,
    );
    thread.on('message', onReply).on('error', onError);
    thread.postMessage(request);
  });
}
