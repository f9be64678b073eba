// One of several workers that train GPT-2 together. Prints one line of JSON, like ours-dpo.mjs.
import { parseArgs } from 'node:util';
import { random } from '@dpo/base';
import { methodNamed, offlineBatches, optimizers, precomputedReference, train } from '@dpo/core';
import { openEngine, waitForWorkers } from '@dpo/engine';
import { createModel } from '@dpo/models';
import { clusterHere } from './many-workers.mjs';
import { printResult, stepClock } from './result.mjs';
import { shapeNamed } from './shapes.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'gpt2' },
    prompt: { type: 'string', default: '128' },
    answer: { type: 'string', default: '64' },
    batch: { type: 'string', default: '8' }, // pairs of all workers
    'micro-batches': { type: 'string', default: '4' }, // of all workers
    steps: { type: 'string', default: '4' },
    threads: { type: 'string', default: '1' },
    'shard-optimizer': { type: 'boolean', default: false },
  },
});
const [prompt, answer, batch, micro, timed, threads] = [
  ...['prompt', 'answer', 'batch', 'micro-batches', 'steps', 'threads'],
].map((key) => Number(values[key]));
const warmUp = 2;
const config = shapeNamed(values.model);
const cluster = clusterHere();
const engine = await openEngine({ kind: 'tensorflow', threads, cluster });
if (cluster !== undefined) await waitForWorkers(cluster, { seconds: 120 });
const { collective } = engine;
const next = random(0);
const tokens = (length) => Int32Array.from({ length }, () => Math.floor(next() * config.vocab_size));
const pairs = Array.from({ length: batch * (timed + warmUp) }, () => ({
  ...{ prompt: tokens(prompt), chosen: tokens(answer), rejected: tokens(answer) },
}));
// Any numbers cost the same.
const logps = pairs.map(() => -answer * Math.log(config.vocab_size));
const stepSeconds = [];
const clock = stepClock();
for await (const { loss } of train({
  model: createModel(engine, config, { seed: 1 }),
  method: methodNamed('dpo', { beta: 0.1 }),
  reference: precomputedReference({ chosen: logps, rejected: logps }),
  optimizer: optimizers.adamw(),
  learningRate: () => 1e-6,
  maxGradNorm: 1,
  batches: offlineBatches(pairs, { batchSize: batch, shuffle: false }),
  steps: timed + warmUp,
  // Micro-batches hold equally many pairs, however many workers share them.
  packing: { microBatches: Math.max(1, micro / (collective?.size ?? 1)) },
  collective,
  shardOptimizer: values['shard-optimizer'],
})) {
  if (!Number.isFinite(loss)) throw new Error(`The loss is ${loss}.`);
  stepSeconds.push(clock().seconds);
}
await collective?.gather([]);
printResult({ stepSeconds, warmUp, engine });
await engine.dispose();
