// Starts a worker that opens damaged files, and watches its time and memory.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cleanUpAfter } from './try.mjs';

/** The most processor time that a file may take. */
const SECONDS = 5;
/** The most time by the clock. */
const MOST_SECONDS = 60;
/** The most resident memory. */
const BYTES = 2 ** 30;
/** The most memory of JavaScript's heap. */
const HEAP_MIB = 800;

/** Starts a worker. `errors` of the process is the end of its standard error. */
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

/** A process's resident bytes, and its seconds of processor time; zeros on systems that do not say. */
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
 * Has a worker open files, `lanes` of them at a time, and hands each result to `onResult` with its number. Resolves to the files
 * without a result (`rest`) and the reason (`death`): empty and undefined, unless a file ended the worker or took too much.
 */
export function askFor(worker, { name, seed, indices, lanes }, onResult) {
  return new Promise((resolve) => {
    const rest = new Set(indices);
    let waitMilliseconds = 0;
    let before = useOf(worker.pid).seconds;
    let lastLook = Date.now();
    const settle = (death) => {
      clearInterval(watch);
      worker.off('message', onAnswer).off('exit', onDeath);
      resolve({ rest: [...rest], death });
    };
    const onAnswer = ({ results, last }) => {
      waitMilliseconds = 0;
      before = undefined;
      for (const { index, milliseconds, ...result } of results) {
        // Other files had a part of the time: a slow file is opened again alone.
        if (lanes > 1 && milliseconds > 1000 * SECONDS) continue;
        rest.delete(index);
        onResult(index, result);
      }
      if (last) settle(rest.size > 0 ? { code: 'took long among others', killed: true } : undefined);
    };
    const onDeath = (code, signal) =>
      settle({ code: `ended (${signal ?? code})`, stack: worker.errors, killed: false });
    const kill = (code) => {
      worker.off('exit', onDeath).kill('SIGKILL');
      settle({ code, killed: true });
    };
    const watch = setInterval(() => {
      const { bytes, seconds } = useOf(worker.pid);
      // The first look after an answer: earlier processor time belongs to other files.
      before ??= seconds;
      // Both processes may have been halted for hours, so a look counts as a second at most.
      waitMilliseconds += Math.min(1000, Date.now() - lastLook);
      lastLook = Date.now();
      // Processor time comes first, since on a busy machine the worker has little of the clock's time.
      if (seconds - before > SECONDS || waitMilliseconds > 1000 * MOST_SECONDS) kill(`longer than ${SECONDS} s`);
      else if (bytes > BYTES) kill(`more than ${BYTES / 2 ** 20} MiB`);
    }, 100);
    worker.on('message', onAnswer).once('exit', onDeath);
    worker.send({ name, seed, indices, lanes });
  });
}
