// Counts what DPO steps cost on WebGPU: dispatches, submissions, bytes on the device. See README.md. Prints a line to a step.
//
//   node tooling/bench/webgpu.mjs [--model FOLDER.or.gguf | --tiny gpt2|llama] [--device cpu] [--lora 8] [--steps 3] [--length 32]
import { parseArgs } from 'node:util';
import { random } from '@dpo/base';
import { adamw, methodNamed, offlineBatches, referenceModel, train, withoutAdapter } from '@dpo/core';
import { openEngine } from '@dpo/engine';
import { addLora, createModel, loadModel } from '@dpo/models';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    tiny: { type: 'string', default: 'gpt2' },
    device: { type: 'string', default: 'auto' },
    lora: { type: 'string' },
    steps: { type: 'string', default: '3' },
    length: { type: 'string', default: '32' },
  },
});
const [steps, length] = [Number(values.steps), Number(values.length)];
const llama = {
  ...{ model_type: 'llama', hidden_size: 64, intermediate_size: 172, num_hidden_layers: 2, vocab_size: 300 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 256, rms_norm_eps: 1e-5 },
};
const shapes = {
  gpt2: { model_type: 'gpt2', n_layer: 2, n_embd: 64, n_head: 4, vocab_size: 300, n_positions: 256 },
  llama,
};
const tiny = shapes[/** @type {keyof typeof shapes} */ (values.tiny)];
if (tiny === undefined) throw new Error(`--tiny is ${Object.keys(shapes).join(' or ')}, not ${values.tiny}.`);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
const say = (line) => process.stdout.write(`${line}\n`);

const device = /** @type {import('@dpo/engine').OpenEngineOptions['device']} */ (values.device);
const engine = await openEngine({ kind: 'webgpu', device });
say(engine.description);
/** What the engine has done so far. */
const work = () => {
  if (engine.work === undefined) throw new Error('This engine does not count its work.');
  return engine.work();
};
const open = async (seed) =>
  values.model === undefined ? createModel(engine, tiny, { seed }) : (await loadModel(engine, values.model)).model;
const base = await open(1);
const rank = values.lora === undefined ? undefined : Number(values.lora);
const model = rank === undefined ? base : await addLora(base, { rank, alpha: 2 * rank, seed: 1 });
say(`model on the device: ${megabytes(work().bytes)}, resident ${megabytes(process.memoryUsage().rss)}`);
const next = random(0);
const text = (count) => Int32Array.from({ length: count }, () => Math.floor(next() * 290));
const pairs = Array.from({ length: 2 * steps }, () => ({
  prompt: text(length),
  chosen: text(length),
  rejected: text(length),
}));
let [before, start] = [work(), performance.now()];
for await (const { step, loss } of train({
  model,
  method: methodNamed('dpo', { beta: 0.1 }),
  reference: rank === undefined ? referenceModel(await open(1)) : withoutAdapter(model),
  optimizer: adamw(),
  learningRate: () => 1e-4,
  maxGradNorm: 1,
  batches: offlineBatches(pairs, { batchSize: 2, shuffle: false }),
  steps,
})) {
  const [now, seconds] = [work(), (performance.now() - start) / 1000];
  const dispatches = now.dispatches - before.dispatches;
  const submissions = now.submissions - before.submissions;
  say(
    `step ${step}: loss ${loss.toFixed(6)}, ${dispatches} dispatches, ${submissions} submissions, ` +
      `at most ${megabytes(now.peakBytes)} on the device, resident ${megabytes(process.resourceUsage().maxRSS * 1024)}, ${seconds.toFixed(1)} s`,
  );
  [before, start] = [now, performance.now()];
}
await engine.dispose();
