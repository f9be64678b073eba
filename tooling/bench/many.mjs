// Steps of GPT-2 124M by one and by several workers on this machine, the same global batch, and the memory of each worker.
//
//     node tooling/bench/many.mjs                    two workers of one thread beside one worker of one and of two threads, ours and TRL's
//     node tooling/bench/many.mjs --memory           memory to a worker, with 2 and 4 workers, with and without --shard-optimizer
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runWorkers } from './many-workers.mjs';
import { lastLine, median } from './measure.mjs';
import { peerPython } from './python.mjs';

const { values } = parseArgs({
  options: {
    memory: { type: 'boolean', default: false },
    batch: { type: 'string', default: '8' },
    prompt: { type: 'string', default: '128' },
    answer: { type: 'string', default: '64' },
    steps: { type: 'string', default: '4' },
    repeat: { type: 'string', default: '3' },
    'without-peer': { type: 'boolean', default: false },
  },
});
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const say = (line) => process.stdout.write(`${line}\n`);
const work = ['--prompt', values.prompt, '--answer', values.answer, '--batch', values.batch];
const [batch, repeat] = [Number(values.batch), Number(values.repeat)];
/** Micro-batches of a step, over all workers. */
const MICRO = 4;

function ours(workers, threads, more = []) {
  const args = [...work, '--threads', String(threads), '--micro-batches', String(MICRO), ...more];
  return runWorkers(workers, here('many-ours.mjs'), args);
}

/** TRL's trainer under torchrun with gloo. */
async function theirs(workers, threads) {
  const perDevice = batch / MICRO;
  const args = [
    ...[here('trl_dpo.py'), '--prompt', values.prompt, '--answer', values.answer, '--batch', String(perDevice)],
    ...['--accumulation', String(MICRO / workers), '--steps', values.steps, '--precision', 'float32'],
    '--precompute-reference',
  ];
  const launcher = ['-m', 'torch.distributed.run', '--nproc_per_node', String(workers), '--standalone'];
  const env = { ...process.env, OMP_NUM_THREADS: String(threads) };
  return [await lastLine([peerPython(say), ...(workers > 1 ? launcher : [])], args, env)];
}

async function scaling() {
  const cases = [
    ['one worker of one thread', 1, 1],
    ['one worker of two threads', 1, 2],
    ['two workers of one thread', 2, 1],
  ];
  const sides = {
    ours: (workers, threads) => ours(workers, threads, ['--steps', values.steps]),
    ...(values['without-peer'] ? {} : { TRL: theirs }),
  };
  const seconds = {};
  for (let round = 0; round < repeat; round++)
    for (const [name, workers, threads] of cases)
      for (const [side, run] of Object.entries(sides)) {
        const [first] = await run(workers, threads);
        seconds[`${side}, ${name}`] = [...(seconds[`${side}, ${name}`] ?? []), ...first.stepSeconds];
      }
  for (const [name, times] of Object.entries(seconds))
    say(`${name}: ${median(times).toFixed(2)} s a step, ${(batch / median(times)).toFixed(3)} pairs/s`);
  for (const side of Object.keys(sides)) {
    const rate = (name) => 1 / median(seconds[`${side}, ${name}`]);
    const share = rate(cases[2][0]) / (2 * rate(cases[0][0]));
    say(`${side}: two workers have ${(100 * share).toFixed(0)} % of twice the rate of one thread.`);
  }
}

async function memory() {
  const numbers = 124_439_808;
  for (const workers of [1, 2, 4])
    for (const shard of workers === 1 ? [false] : [false, true]) {
      const results = await ours(workers, 1, ['--steps', '1', ...(shard ? ['--shard-optimizer'] : [])]);
      const peaks = results.map(({ peakRssBytes }) => (peakRssBytes / 1e9).toFixed(2));
      const state = (8 * numbers) / (shard ? workers : 1) / 1e9;
      say(
        `${workers} workers${shard ? ', divided' : ''}: peak ${peaks.join(', ')} GB; optimizer ${state.toFixed(2)} GB by the formula`,
      );
    }
}

await (values.memory ? memory() : scaling());
