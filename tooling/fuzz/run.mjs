// Damages files of every format and has our readers open them, in a process that may take 1 GB and 5 s for each.
//
//   node tooling/fuzz/run.mjs [--formats jsonl,arrow] [--count 100000] [--seed 1] [--from 0]
//   node tooling/fuzz/run.mjs --formats arrow --seed 1 --from 4711 --count 1 --keep FILE     repeats a file, and writes its bytes
//
// Build first (npm run dpo -- --version). Prints each failure with the options that repeat it, then a line for each format. Exit
// code 1 when a file ended the process, took too much, or led to an error that is not a DpoError.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { askFor, startWorker } from './ask.mjs';
import { formats } from './formats.mjs';
import { cleanUp, damagedFile } from './try.mjs';

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

/** How many files a worker opens before it gets the next ones. Ctrl-C ends a run between two stretches. */
const STRETCH = 250;
/** How many files lie between two lines of progress. */
const REPORTED_EVERY = 10_000;
/** How many files are open at a time, since each waits for the disk. */
const LANES = 4;

// Ctrl-C ends the run, and the results so far are printed.
let stopped = false;
for (const name of ['SIGINT', 'SIGTERM'])
  process.once(name, () => {
    stopped = true;
  });
let failures = 0;
let worker = startWorker();

const isFailure = ({ code, death = false }) => death || code === 'untyped';

/** Opens files. When a file ends the worker or takes too much, the files without a result are opened one at a time. */
async function openAll(name, indices, onResult) {
  const { rest, death } = await askFor(worker, { name, seed, indices, lanes: LANES }, onResult);
  if (death === undefined) return;
  const failsAlone = await openEach(name, rest, onResult);
  if (!failsAlone) {
    process.stdout.write(
      `NOTE ${name}: ${death.code} among the files from ${rest[0]} on, none of them alone\n${death.stack ?? ''}\n`,
    );
  }
}

/** Opens files one at a time. Returns whether any of them failed. */
async function openEach(name, indices, onResult) {
  let hasFailure = false;
  const onEach = (index, result) => {
    hasFailure ||= isFailure(result);
    onResult(index, result);
  };
  for (let rest = indices; rest.length > 0; ) {
    worker.kill('SIGKILL');
    worker = startWorker();
    const answer = await askFor(worker, { name, seed, indices: rest, lanes: 1 }, onEach);
    rest = answer.rest;
    if (answer.death !== undefined) onEach(rest.shift(), { ...answer.death, death: true });
  }
  return hasFailure;
}

for (const name of values.formats.split(',')) {
  const codes = new Map();
  const failuresOfFormat = [];
  const start = Date.now();
  let files = 0;
  const onResult = (index, result) => {
    const { code, stack = '' } = result;
    files++;
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (!isFailure(result)) return;
    failuresOfFormat.push(index);
    process.stdout.write(
      `FAILED ${name}: ${code} (--formats ${name} --seed ${seed} --from ${index} --count 1)\n${stack}\n`,
    );
  };
  for (let at = from; at < from + count && !stopped; at += STRETCH) {
    const length = Math.min(STRETCH, from + count - at);
    await openAll(
      name,
      Array.from({ length }, (_, i) => at + i),
      onResult,
    );
    if ((at - from) % REPORTED_EVERY === REPORTED_EVERY - STRETCH)
      process.stderr.write(`${name}: ${files} files so far\n`);
  }
  if (values.keep !== undefined)
    await writeFile(values.keep, await damagedFile(name, seed, failuresOfFormat.at(-1) ?? from));
  const seconds = (Date.now() - start) / 1000;
  const list = [...codes].sort(([, a], [, b]) => b - a).map(([code, times]) => `${code} ${times}`);
  process.stdout.write(
    `${name}: ${files} files, ${failuresOfFormat.length} failed, ${Math.round(seconds)} s (${((1000 * seconds) / files).toFixed(2)} ms a file): ${list.join(', ')}\n`,
  );
  failures += failuresOfFormat.length;
}
worker.send({});
await cleanUp();
process.exitCode = failures > 0 ? 1 : 0;
