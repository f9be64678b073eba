// Damages files of every format and has our readers open them, in a process that may take 1 GB and 5 s for each.
//
//   node tooling/fuzz/run.mjs [--formats jsonl,arrow] [--count 100000] [--seed 1] [--from 0]
//   node tooling/fuzz/run.mjs --formats arrow --seed 1 --from 4711 --count 1 --keep FILE     one again, its bytes kept
//
// Build first (npm run dpo -- --version). Prints each failure with what repeats it, then a line to a format. Ends with 1
// where a file ended the process, took too much, or brought an error that is not one of ours.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { askFor, startWorker } from './ask.mjs';
import { formats } from './formats.mjs';
import { cleanUp, damaged } from './try.mjs';

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

/** Files that a worker opens before it is told of more: Ctrl-C ends a run between two stretches. */
const STRETCH = 250;
/** A word of how far a run is comes after so many. */
const TOLD = 10_000;
/** Files that are open at a time: each waits for the disk again and again. */
const LANES = 4;

// Ctrl-C ends the run with what was found so far.
let stopped = false;
for (const name of ['SIGINT', 'SIGTERM'])
  process.once(name, () => {
    stopped = true;
  });
let failures = 0;
let worker = startWorker();

const isFailure = ({ code, death = false }) => death || code === 'untyped';

/** Opens files. Where one ends the worker or takes too much among others, those without a result are opened one at a time. */
async function openAll(name, indices, onResult) {
  const { left, death } = await askFor(worker, { name, seed, indices, lanes: LANES }, onResult);
  if (death === undefined) return;
  const repeated = await openEach(name, left, onResult);
  if (!repeated) {
    process.stdout.write(
      `NOTE ${name}: ${death.code} among the files from ${left[0]} on, none of them alone\n${death.stack ?? ''}\n`,
    );
  }
}

/** Opens files one at a time. Returns whether one of them failed. */
async function openEach(name, indices, onResult) {
  let failed = false;
  const told = (index, result) => {
    failed ||= isFailure(result);
    onResult(index, result);
  };
  for (let left = indices; left.length > 0; ) {
    worker.kill('SIGKILL');
    worker = startWorker();
    const answer = await askFor(worker, { name, seed, indices: left, lanes: 1 }, told);
    left = answer.left;
    if (answer.death !== undefined) told(left.shift(), { ...answer.death, death: true });
  }
  return failed;
}

for (const name of values.formats.split(',')) {
  const codes = new Map();
  const broken = [];
  const started = Date.now();
  let tried = 0;
  const onResult = (index, result) => {
    const { code, stack = '' } = result;
    tried++;
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (!isFailure(result)) return;
    broken.push(index);
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
    if ((at - from) % TOLD === TOLD - STRETCH) process.stderr.write(`${name}: ${tried} files so far\n`);
  }
  if (values.keep !== undefined) await writeFile(values.keep, await damaged(name, seed, broken.at(-1) ?? from));
  const seconds = (Date.now() - started) / 1000;
  const told = [...codes].sort(([, a], [, b]) => b - a).map(([code, times]) => `${code} ${times}`);
  process.stdout.write(
    `${name}: ${tried} files, ${broken.length} failed, ${Math.round(seconds)} s (${((1000 * seconds) / tried).toFixed(2)} ms a file): ${told.join(', ')}\n`,
  );
  failures += broken.length;
}
worker.send({});
await cleanUp();
process.exitCode = failures > 0 ? 1 : 0;
