// One work of RLOO by our trainer, in a process of its own. Prints one line of JSON, as trl_rloo.py does.
import { parseArgs } from 'node:util';
import { random } from '@dpo/base';
import { adamw, fixedKl, noReference, onPolicyBatches, openLogpScorer, rloo, train } from '@dpo/core';
import { openEngine } from '@dpo/engine';
import { addLora, createModel, generate } from '@dpo/models';
import { printResult } from './result.mjs';
import { shapeNamed } from './shapes.mjs';

const warmUp = 2; // updates that are not timed; the first one traces and optimises the functions

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'smollm2' },
    prompt: { type: 'string' },
    answer: { type: 'string' },
    batch: { type: 'string' },
    samples: { type: 'string' },
    steps: { type: 'string' },
    precision: { type: 'string' },
    'lora-rank': { type: 'string' },
  },
});
const [promptLength, answerLength, promptsPerBatch, samples, timed, rank] = [
  ...['prompt', 'answer', 'batch', 'samples', 'steps', 'lora-rank'],
].map((key) => Number(values[key]));
const steps = timed + warmUp;
const config = shapeNamed(values.model);

const engine = await openEngine({
  kind: 'tensorflow',
  precision: /** @type {import('@dpo/engine').Precision} */ (values.precision),
});
const model = await addLora(createModel(engine, config, { seed: 1 }), { rank, alpha: 2 * rank, seed: 1 });
const training = rloo();
const next = random(0);
const prompts = Array.from({ length: promptsPerBatch * steps }, () =>
  Int32Array.from({ length: promptLength }, () => Math.floor(next() * (config.vocab_size - 2))),
);
const reference = openLogpScorer(model, { adapter: false });
const batches = onPolicyBatches({
  ...{ training, prompts, promptsPerBatch, samples, shuffle: false, control: fixedKl(0.05), sample },
  reward: async (requests) => requests.map(({ answers }) => answers.map(({ tokens }) => rewardOf(tokens))),
  reference: (groups) => reference.score(groups),
});
/** @type {number[]} */
const stepSeconds = [];
/** @type {Record<'sampling' | 'reference' | 'training', number[]>} */
const phases = { sampling: [], reference: [], training: [] };
let last = performance.now();
for await (const record of train({
  ...{ model, method: training.method, reference: noReference(), optimizer: adamw(), batches, steps },
  learningRate: () => 1e-6,
  maxGradNorm: 1,
})) {
  if (!Number.isFinite(record.loss)) throw new Error(`The loss is ${record.loss}.`);
  const now = performance.now();
  const seconds = (now - last) / 1000;
  const [sampling, scoring] = [record['time/sampling'], record['time/reference']];
  stepSeconds.push(seconds);
  phases.sampling.push(sampling);
  phases.reference.push(scoring);
  phases.training.push(seconds - sampling - scoring);
  last = now;
}
const timedPhases = Object.entries(phases).map(([name, all]) => [name, all.slice(warmUp)]);
printResult({ stepSeconds, warmUp, engine, phases: Object.fromEntries(timedPhases) });
model.dispose();
await engine.dispose();

/** Answers of exactly so many tokens: no token ends them. */
async function sample({ prompts: batch, samples: count, seed }) {
  const options = { samples: count, seed, maxNewTokens: answerLength, stopTokens: [], batchSize: batch.length * count };
  const answers = await generate(model, batch, options);
  const short = answers.find(({ tokens }) => tokens.length !== answerLength);
  if (short !== undefined) throw new Error(`A sample has ${short.tokens.length} tokens, not ${answerLength}.`);
  return batch.map((_, g) =>
    answers.slice(g * count, (g + 1) * count).map(({ tokens, logps }) => ({ tokens, logps, ended: false })),
  );
}

/** The share of tokens with an even id: any reward that costs nothing. */
function rewardOf(tokens) {
  return tokens.reduce((sum, id) => sum + (1 - (id % 2)), 0) / tokens.length;
}
