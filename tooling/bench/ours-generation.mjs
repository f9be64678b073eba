// Generation by our sampler, in a process of its own. Prints one line of JSON, as transformers_generation.py does.
import { parseArgs } from 'node:util';
import { random } from '@dpo/base';
import { openEngine, tensorflowVersion } from '@dpo/engine';
import { createModel, generate } from '@dpo/models';

const warmUp = 1; // rounds that are not timed; the first one traces and optimises the functions
const config = {
  model_type: 'llama',
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: 49152,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  tie_word_embeddings: true,
};

const { values } = parseArgs({
  options: {
    prompt: { type: 'string' },
    answer: { type: 'string' },
    rows: { type: 'string' },
    steps: { type: 'string' },
  },
});
const [promptLength, maxNewTokens, rows, timed] = ['prompt', 'answer', 'rows', 'steps'].map((key) =>
  Number(values[key]),
);

const engine = await openEngine({ kind: 'tensorflow', precision: 'float32' });
const model = createModel(engine, config, { seed: 1 });
const next = random(0);
const stepSeconds = [];
for (let step = 0; step < warmUp + timed; step++) {
  const prompts = Array.from({ length: rows }, () =>
    Int32Array.from({ length: promptLength }, () => Math.floor(next() * config.vocab_size)),
  );
  const begin = performance.now();
  const samples = await generate(model, prompts, { maxNewTokens, temperature: 1, seed: step });
  stepSeconds.push((performance.now() - begin) / 1000);
  const short = samples.find(({ tokens }) => tokens.length !== maxNewTokens);
  if (short !== undefined) throw new Error(`A sample has ${short.tokens.length} tokens, not ${maxNewTokens}.`);
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
