import { Worker } from 'node:worker_threads';
import type { ParquetReply, ParquetRequest } from './parquet-worker.js';

/** How a Parquet file is read apart from everything else. */
export interface Apart {
  /** The thread's script. */
  readonly script: URL;
  /** Milliseconds that a row group may take, for a file of so many bytes. */
  readonly limit: (bytes: number) => number;
  /** MiB that the thread's heap may take. */
  readonly heap: number;
}

/** Milliseconds for which a thread waits for another file: files are often read one after another. */
const IDLE = 500;

/** A thread without a file, what it was started for, and what ends its waiting. */
interface Idle {
  readonly apart: Apart;
  readonly thread: Worker;
  readonly wake: () => void;
}

const idle = new Set<Idle>();

/** A thread that reads one file at a time; libraries are loaded in it once. Who takes it gives it back or ends it. */
export function takeThread(apart: Apart): Worker {
  for (const waiting of idle) {
    if (waiting.apart !== apart) continue;
    waiting.wake();
    waiting.thread.ref();
    return waiting.thread;
  }
  return new Worker(apart.script, { resourceLimits: { maxOldGenerationSizeMb: apart.heap } });
}

/** Keeps a thread that has nothing more to do for the next file, for a moment. */
export function giveBack(apart: Apart, thread: Worker): void {
  const end = () => {
    wake();
    void thread.terminate();
  };
  thread.postMessage('close' satisfies ParquetRequest);
  // Neither the thread nor its time keeps a process alive.
  thread.unref();
  const timer = setTimeout(end, IDLE).unref();
  const wake = () => {
    idle.delete(waiting);
    clearTimeout(timer);
    thread.off('error', end).off('exit', end);
  };
  const waiting: Idle = { apart, thread, wake };
  idle.add(waiting);
  thread.on('error', end).on('exit', end);
}

/** Asks a thread for something; rejects where the thread ends, or does not answer in time. */
export function ask(thread: Worker, request: ParquetRequest, milliseconds: number): Promise<ParquetReply> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer);
      thread.off('message', answered).off('error', died);
      act();
    };
    const answered = (reply: ParquetReply) => settle(() => resolve(reply));
    const died = (error: Error) => settle(() => reject(error));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`a row group could not be read within ${Math.ceil(milliseconds / 1000)} s`))),
      milliseconds,
    );
    thread.on('message', answered).on('error', died);
    thread.postMessage(request);
  });
}
