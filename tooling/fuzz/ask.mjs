// A worker that opens damaged files, and the watch over its time and memory.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cleanUpAfter } from './try.mjs';

/** Of the processor's time for one file, and of the clock's. */
const SECONDS = 5;
const MOST_SECONDS = 60;
const BYTES = 2 ** 30;
const HEAP_MIB = 800;

export function startWorker() {
  const worker = fork(fileURLToPath(new URL('worker.mjs', import.meta.url)), {
    execArgv: [`--max-old-space-size=${HEAP_MIB}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  worker.errors = '';
  worker.once('exit', () => cleanUpAfter(worker.pid));
  worker.stderr.on('data', (text) => {
    worker.errors = (worker.errors + text).slice(-1500);
  });
  return worker;
}

/** Bytes that a process holds, and seconds that it has computed; zeros where the system does not say. */
function useOf(pid) {
  try {
    const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const times = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13);
    return { bytes: 1024 * Number(kibibytes ?? 0), seconds: (Number(times[0]) + Number(times[1])) / 100 };
  } catch {
    return { bytes: 0, seconds: 0 };
  }
}

/**
 * Has a worker open files, `lanes` of them at a time, and hands each result to `onResult` with its number. Resolves to the
 * files that were not opened, and why: none and undefined, unless a file ended the worker or took too much.
 */
export function askFor(worker, { name, seed, indices, lanes }, onResult) {
  return new Promise((resolve) => {
    const left = new Set(indices);
    let waited = 0;
    let before = useOf(worker.pid).seconds;
    let looked = Date.now();
    const settle = (death) => {
      clearInterval(watch);
      worker.off('message', answered).off('exit', died);
      resolve({ left: [...left], death });
    };
    const answered = ({ results, last }) => {
      waited = 0;
      before = undefined;
      for (const { index, milliseconds, ...result } of results) {
        // Files beside it had a part of the time: this one is opened again alone.
        if (lanes > 1 && milliseconds > 1000 * SECONDS) continue;
        left.delete(index);
        onResult(index, result);
      }
      if (last) settle(left.size > 0 ? { code: 'took long among others', killed: true } : undefined);
    };
    const died = (code, signal) => settle({ code: `ended (${signal ?? code})`, stack: worker.errors, killed: false });
    const kill = (code) => {
      worker.off('exit', died).kill('SIGKILL');
      settle({ code, killed: true });
    };
    const watch = setInterval(() => {
      const { bytes, seconds } = useOf(worker.pid);
      // The first look after an answer: what the processor did before is other files' time.
      before ??= seconds;
      // Both processes may have been halted for hours.
      waited += Math.min(1000, Date.now() - looked);
      looked = Date.now();
      // On a busy machine little of the time is the worker's own.
      if (seconds - before > SECONDS || waited > 1000 * MOST_SECONDS) kill(`longer than ${SECONDS} s`);
      else if (bytes > BYTES) kill(`more than ${BYTES / 2 ** 20} MiB`);
    }, 100);
    worker.on('message', answered).once('exit', died);
    worker.send({ name, seed, indices, lanes });
  });
}
