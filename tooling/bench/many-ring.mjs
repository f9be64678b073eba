// The ring of several workers on this machine: sums of 100 MB by TensorFlow's collectives and by gloo, in turns.
//
//     node tooling/bench/many-ring.mjs [--workers 2] [--megabytes 100] [--runs 5] [--repeat 3]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runWorkers } from './many-workers.mjs';
import { lastLine, median } from './measure.mjs';
import { peerPython } from './python.mjs';

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2' },
    megabytes: { type: 'string', default: '100' },
    runs: { type: 'string', default: '5' },
    repeat: { type: 'string', default: '3' },
  },
});
const [workers, megabytes, runs, repeat] = ['workers', 'megabytes', 'runs', 'repeat'].map((key) => Number(values[key]));
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const say = (line) => process.stdout.write(`${line}\n`);

const launcher = ['-m', 'torch.distributed.run', '--nproc_per_node', String(workers), '--standalone'];
const sizes = [megabytes, runs].map(String);
const sides = {
  TensorFlow: async () => {
    const [first] = await runWorkers(workers, here('many-ring-ours.mjs'), sizes);
    return first;
  },
  gloo: () => {
    const env = { ...process.env, OMP_NUM_THREADS: '1' };
    return lastLine([peerPython(say), ...launcher, here('ring_gloo.py')], sizes, env);
  },
};

const results = { TensorFlow: { large: [], small: [] }, gloo: { large: [], small: [] } };
for (let round = 0; round < repeat; round++)
  for (const [side, run] of Object.entries(sides)) {
    const { large, small } = await run();
    results[side].large.push(...large);
    results[side].small.push(...small);
  }
const sentGigabytes = (2 * (workers - 1) * megabytes) / workers / 1000; // GB that each worker sends, and receives
for (const [side, { large, small }] of Object.entries(results)) {
  const seconds = median(large);
  say(
    `${side}: ${megabytes} MB in ${seconds.toFixed(3)} s (${(megabytes / 1000 / seconds).toFixed(2)} GB/s summed, ` +
      `${(sentGigabytes / seconds).toFixed(2)} GB/s sent by each of ${workers}); 256 bytes in ${(1000 * median(small)).toFixed(2)} ms`,
  );
}
