// Generation by our sampler, in a process of its own. Prints one line of JSON, like transformers_generation.py.
import { parseArgs } from 'node:util';
import { random } from '@dpo/base';
import { openEngine } from '@dpo/engine';
import { createModel, generate } from '@dpo/models';
import { printResult, stepClock } from './result.mjs';
import { shapes } from './shapes.mjs';

const warmUp = 1; // rounds that are not timed; the first one traces and optimises the functions
const config = shapes.smollm2;

const { values } = parseArgs({
  options: {
    prompt: { type: 'string' },
    answer: { type: 'string' },
    rows: { type: 'string' },
    steps: { type: 'string' },
    precision: { type: 'string', default: 'float32' },
  },
});
const [promptLength, maxNewTokens, rows, timedRounds] = ['prompt', 'answer', 'rows', 'steps'].map((key) =>
  Number(values[key]),
);

const engine = await openEngine({
  kind: 'tensorflow',
  precision: /** @type {import('@dpo/engine').Precision} */ (values.precision),
});
const model = createModel(engine, config, { seed: 1 });
const next = random(0);
/** @type {number[]} */
const stepSeconds = [];
/** @type {number[]} */
const stepCpuSeconds = [];
for (let step = 0; step < warmUp + timedRounds; step++) {
  const prompts = Array.from({ length: rows }, () =>
    Int32Array.from({ length: promptLength }, () => Math.floor(next() * config.vocab_size)),
  );
  const clock = stepClock();
  const samples = await generate(model, prompts, { maxNewTokens, temperature: 1, seed: step });
  const { seconds, cpuSeconds } = clock();
  stepSeconds.push(seconds);
  stepCpuSeconds.push(cpuSeconds);
  const short = samples.find(({ tokens }) => tokens.length !== maxNewTokens);
  if (short !== undefined) throw new Error(`A sample has ${short.tokens.length} tokens, not ${maxNewTokens}.`);
}
printResult({ stepSeconds, stepCpuSeconds, warmUp, engine });
model.dispose();
await engine.dispose();
