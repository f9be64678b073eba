// Damages files of every format and has our readers open them, in a process that may take 1 GB and 5 s for each.
//
//   node tooling/fuzz/run.mjs [--formats jsonl,arrow] [--count 100000] [--seed 1] [--from 0]
//   node tooling/fuzz/run.mjs --formats arrow --seed 1 --from 4711 --count 1 --keep FILE     one again, its bytes kept
//
// Build first (npm run dpo -- --version). Prints each failure with what repeats it, then a line to a format. Ends with 1
// where a file ended the process, took too much, or brought an error that is not one of ours.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formats } from './formats.mjs';
import { cleanUp, damaged } from './try.mjs';

/** Of the processor's time for one file, and of the clock's. */
const SECONDS = 5;
const MOST_SECONDS = 60;
const BYTES = 2 ** 30;
const HEAP_MIB = 800;

const { values } = parseArgs({
  options: {
    formats: { type: 'string', default: Object.keys(formats).join() },
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    keep: { type: 'string' },
  },
});
const [count, seed, from] = [Number(values.count), Number(values.seed), Number(values.from)];

function startWorker() {
  const worker = fork(fileURLToPath(new URL('worker.mjs', import.meta.url)), {
    execArgv: [`--max-old-space-size=${HEAP_MIB}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  worker.errors = '';
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

/** Files that a worker opens before it is told of more: Ctrl-C ends a run between two stretches. */
const STRETCH = 250;

/**
 * Has a worker open the files `from` to `to`, and hands each result to `onResult` with its number. Resolves to the number after
 * the last one: it is smaller than `to` where a file ended the worker (a result with `death`) or took too much.
 */
function askFor(worker, { name, seed, from, to }, onResult) {
  return new Promise((resolve) => {
    let index = from;
    let started = Date.now();
    let before = useOf(worker.pid).seconds;
    const settle = () => {
      clearInterval(watch);
      worker.off('message', answered).off('exit', died);
      resolve(index);
    };
    const dies = (code, stack) => {
      onResult(index++, { code, death: true, stack });
      settle();
    };
    const answered = (result) => {
      onResult(index++, result);
      started = Date.now();
      before = undefined;
      if (index === to) settle();
    };
    const died = (code, signal) => dies(`ended (${signal ?? code})`, worker.errors);
    const kill = (why) => {
      worker.off('exit', died).kill('SIGKILL');
      dies(why);
    };
    const watch = setInterval(() => {
      const { bytes, seconds } = useOf(worker.pid);
      // The first look at a file: what the processor did before is other files' time.
      before ??= seconds;
      // On a busy machine little of the time is the worker's own.
      if (seconds - before > SECONDS || Date.now() - started > 1000 * MOST_SECONDS) kill(`longer than ${SECONDS} s`);
      else if (bytes > BYTES) kill(`more than ${BYTES / 2 ** 20} MiB`);
    }, 100);
    worker.on('message', answered).once('exit', died);
    worker.send({ name, seed, from, to });
  });
}

// Ctrl-C ends the run with what was found so far.
let stopped = false;
for (const name of ['SIGINT', 'SIGTERM'])
  process.once(name, () => {
    stopped = true;
  });
let failures = 0;
let worker = startWorker();
for (const name of values.formats.split(',')) {
  const codes = new Map();
  let failed = 0;
  const started = Date.now();
  let tried = 0;
  const broken = [];
  const onResult = (index, { code, death = false, stack = '' }) => {
    tried++;
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (death) worker = startWorker();
    if (!death && code !== 'untyped') return;
    failed++;
    broken.push(index);
    process.stdout.write(
      `FAILED ${name}: ${code} (--formats ${name} --seed ${seed} --from ${index} --count 1)\n${stack}\n`,
    );
  };
  for (let at = from; at < from + count && !stopped; )
    at = await askFor(worker, { name, seed, from: at, to: Math.min(at + STRETCH, from + count) }, onResult);
  if (values.keep !== undefined) await writeFile(values.keep, await damaged(name, seed, broken.at(-1) ?? from));
  const told = [...codes].sort(([, a], [, b]) => b - a).map(([code, times]) => `${code} ${times}`);
  process.stdout.write(
    `${name}: ${tried} files, ${failed} failed, ${Math.round((Date.now() - started) / 1000)} s: ${told.join(', ')}\n`,
  );
  failures += failed;
}
worker.send({});
await cleanUp();
process.exitCode = failures > 0 ? 1 : 0;
