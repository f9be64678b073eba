// One work by our trainer, in a process of its own. Prints one line of JSON, as trl_dpo.py does.
import { parseArgs } from 'node:util';
import { random } from '@dpo/base';
import { adamw, methodNamed, precomputedReference, referenceModel, train } from '@dpo/core';
import { batches, pack } from '@dpo/data';
import { openEngine, tensorflowVersion } from '@dpo/engine';
import { createModel } from '@dpo/models';

const warmUp = 2; // steps that are not timed; the first one traces and optimises the function
const config = { model_type: 'gpt2' }; // the rest is GPT-2 124M by default
const vocabulary = 50257;

const { values } = parseArgs({
  options: {
    prompt: { type: 'string' },
    answer: { type: 'string' },
    batch: { type: 'string' },
    steps: { type: 'string' },
    precision: { type: 'string' },
    'precompute-reference': { type: 'boolean', default: false },
  },
});
const [promptLength, answerLength, batchSize, timed] = ['prompt', 'answer', 'batch', 'steps'].map((key) =>
  Number(values[key]),
);
const steps = timed + warmUp;

const engine = await openEngine({ kind: 'tensorflow', precision: values.precision });
const model = createModel(engine, config, { seed: 1 });
const pairs = randomPairs(batchSize * steps);
const stepSeconds = [];
let last = performance.now();
const records = train({
  model,
  method: methodNamed('dpo', { beta: 0.1 }),
  reference: reference(),
  optimizer: adamw(),
  learningRate: () => 1e-6,
  maxGradNorm: 1,
  pairs,
  rowsOfStep: batches(pairs.length, { batchSize }).rows,
  steps,
  pack,
});
for await (const { loss } of records) {
  if (!Number.isFinite(loss)) throw new Error(`The loss is ${loss}.`);
  const now = performance.now();
  stepSeconds.push((now - last) / 1000);
  last = now;
}
const result = {
  stepSeconds: stepSeconds.slice(warmUp),
  firstStepSeconds: stepSeconds[0],
  peakRssBytes: process.resourceUsage().maxRSS * 1024,
  cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  versions: { Node: process.versions.node, TensorFlow: tensorflowVersion },
  engine: engine.description,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
model.dispose();
await engine.dispose();

function reference() {
  if (!values['precompute-reference']) return referenceModel(createModel(engine, config, { seed: 2 }));
  // Any numbers cost the same.
  const logps = pairs.map(() => -answerLength * Math.log(vocabulary));
  return precomputedReference({ chosen: logps, rejected: logps });
}

function randomPairs(count) {
  const next = random(0);
  const tokens = (length) => Int32Array.from({ length }, () => Math.floor(next() * (vocabulary - 2)));
  const answer = () => Int32Array.of(...tokens(answerLength - 1), vocabulary - 1);
  return Array.from({ length: count }, () => ({ prompt: tokens(promptLength), chosen: answer(), rejected: answer() }));
}
