// One work by our trainer, in a process of its own. Prints one line of JSON, like trl_dpo.py.
import { parseArgs } from 'node:util';
import { random } from '@dpo/base';
import { planPacking } from '@dpo/base/packing';
import {
  adamw,
  methodNamed,
  offlineBatches,
  precomputedReference,
  referenceModel,
  train,
  withoutAdapter,
} from '@dpo/core';
import { openEngine } from '@dpo/engine';
import { addLora, createModel } from '@dpo/models';
import { stepFlops } from './flops.mjs';
import { printResult, stepClock } from './result.mjs';
import { shapeNamed } from './shapes.mjs';

const warmUp = 2; // steps that are not timed; the first one traces and optimises the function

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'gpt2' },
    prompt: { type: 'string' },
    answer: { type: 'string' },
    batch: { type: 'string' },
    steps: { type: 'string' },
    precision: { type: 'string' },
    'lora-rank': { type: 'string' },
    'base-dtype': { type: 'string', default: 'float32' },
    'precompute-reference': { type: 'boolean', default: false },
    'activation-checkpointing': { type: 'boolean', default: false },
  },
});
const [promptLength, answerLength, batchSize, timedSteps] = ['prompt', 'answer', 'batch', 'steps'].map((key) =>
  Number(values[key]),
);
const steps = timedSteps + warmUp;
const config = shapeNamed(values.model);
const vocabulary = config.vocab_size;
const lora = values['lora-rank'] !== undefined;
const storage = /** @type {import('@dpo/models').FrozenStorage} */ (values['base-dtype']);
const activationCheckpointing = values['activation-checkpointing'];

const engine = await openEngine({
  kind: 'tensorflow',
  precision: /** @type {import('@dpo/engine').Precision} */ (values.precision),
});
const model = await policy();
const pairs = randomPairs(batchSize * steps);
/** @type {number[]} */
const stepSeconds = [];
/** @type {number[]} */
const stepCpuSeconds = [];
const records = train({
  model,
  method: methodNamed('dpo', { beta: 0.1 }),
  reference: reference(),
  optimizer: adamw(),
  learningRate: () => 1e-6,
  maxGradNorm: 1,
  batches: offlineBatches(pairs, { batchSize, shuffle: false }),
  steps,
  packing: { microBatches: 1 },
  activationCheckpointing,
});
// The models exist by now; the function is traced with the first step.
const clock = stepClock();
for await (const { loss } of records) {
  if (!Number.isFinite(loss)) throw new Error(`The loss is ${loss}.`);
  const { seconds, cpuSeconds } = clock();
  stepSeconds.push(seconds);
  stepCpuSeconds.push(cpuSeconds);
}
const onlineReference = !values['precompute-reference'];
const flops = stepFlops(model, packedStep(), { lora, onlineReference, activationCheckpointing });
printResult({ stepSeconds, stepCpuSeconds, warmUp, engine, flops });
model.dispose();
await engine.dispose();

/** The packed batch of a step, as the trainer packs it: all steps have the same shape. */
function packedStep() {
  const groups = pairs.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected] }));
  const inSteps = Array.from({ length: steps }, (_, k) => groups.slice(k * batchSize, (k + 1) * batchSize));
  const options = { microBatches: 1, steps };
  return planPacking(inSteps, options).pack(inSteps[0])[0].batch;
}

async function policy() {
  const base = createModel(engine, config, { seed: 1, storage: lora ? storage : 'float32' });
  if (!lora) return base;
  const rank = Number(values['lora-rank']);
  return addLora(base, { rank, alpha: 2 * rank, seed: 1 });
}

function reference() {
  if (!values['precompute-reference'])
    return lora ? withoutAdapter(model) : referenceModel(createModel(engine, config, { seed: 2, storage }));
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
