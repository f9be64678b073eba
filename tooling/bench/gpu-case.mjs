// One case of gpu.mjs in a process of its own, so that a case that dies ends no other. Takes the case as JSON, and prints its
// numbers as one line of JSON.
import { spawnSync } from 'node:child_process';
import { random } from '@dpo/base';
import { planPacking } from '@dpo/base/packing';
import { adamw, methodNamed, offlineBatches, referenceModel, train } from '@dpo/core';
import { openEngine } from '@dpo/engine';
import { createModel, generate } from '@dpo/models';
import { stepFlops } from './flops.mjs';
import { productRate } from './products.mjs';
import { shapeNamed } from './shapes.mjs';

const kinds = { products, step, generation, parity };
const work = JSON.parse(process.argv[2]);
const { kind, device, precision = 'float32', tf32 = false, xla = false } = work;
const engine = await openEngine({ kind: 'tensorflow', device, precision, tf32, xla });
const numbers = await kinds[kind](work);
process.stdout.write(`${JSON.stringify({ ...numbers, engine: engine.description, ...memoryUsed() })}\n`);
await engine.dispose();

/** The rate of matrix products alone. */
async function products({ size }) {
  return { gigaflops: await productRate(engine, { size, chain: 8 }) };
}

/** Steps of DPO with the reference in the step. */
async function step({ shape, layers, prompt, answer, batch, steps }) {
  const config = configOf(shape, layers);
  const model = createModel(engine, config, { seed: 1 });
  const reference = referenceModel(createModel(engine, config, { seed: 2 }));
  const warmUp = 2;
  const { seconds, packed } = await trainOn({ model, reference, prompt, answer, batch, steps: steps + warmUp });
  const sorted = seconds.slice(warmUp).sort((a, b) => a - b);
  const stepSeconds = sorted[Math.floor(sorted.length / 2)];
  const flops = stepFlops(model, packed, { lora: false, onlineReference: true, activationCheckpointing: false });
  return {
    stepSeconds,
    firstStepSeconds: seconds[0],
    pairsPerSecond: batch / stepSeconds,
    gigaflops: flops / stepSeconds / 1e9,
  };
}

/** Generation with a cache of keys and values. */
async function generation({ shape, layers, prompt, answer, rows }) {
  const model = createModel(engine, configOf(shape, layers), { seed: 1 });
  const next = random(0);
  const prompts = Array.from({ length: rows }, () => tokens(next, prompt, model.vocabSize));
  const round = (seed) => generate(model, prompts, { maxNewTokens: answer, temperature: 1, seed });
  await round(1);
  const begin = performance.now();
  await round(2);
  return { tokensPerSecond: (1000 * rows * answer) / (performance.now() - begin) };
}

/**
 * Three steps and greedy sampling of a small model, on the device and on the processor in float32. `difference` is the largest
 * relative difference of losses, gradient norms and log-probabilities.
 */
async function parity({ sameTokens }) {
  const onDevice = await follow(engine);
  const cpu = await openEngine({ kind: 'tensorflow', device: 'cpu' });
  const onProcessor = await follow(cpu);
  await cpu.dispose();
  const relative = onProcessor.numbers.map(
    (value, i) => Math.abs(onDevice.numbers[i] - value) / Math.max(1e-3, Math.abs(value)),
  );
  const equal = JSON.stringify(onDevice.samples) === JSON.stringify(onProcessor.samples);
  if (sameTokens && !equal) throw new Error('Greedy sampling gives other tokens than on the processor.');
  return { difference: Math.max(...relative) };
}

/** The numbers and samples of a short training on an engine. */
async function follow(on) {
  const config = { model_type: 'gpt2', n_layer: 3, n_embd: 96, n_head: 4, vocab_size: 512, n_positions: 128 };
  const model = createModel(on, config, { seed: 3 });
  const reference = referenceModel(createModel(on, config, { seed: 4 }));
  const { records } = await trainOn({
    model,
    reference,
    prompt: 24,
    answer: 16,
    batch: 4,
    steps: 3,
    learningRate: 1e-4,
  });
  const prompts = [tokens(random(9), 12, 512), tokens(random(10), 5, 512)];
  const samples = await generate(model, prompts, { maxNewTokens: 8, temperature: 0 });
  return {
    numbers: records.flatMap((r) => [r.loss, r.grad_norm, r['logps/chosen'], r['logps/rejected']]),
    samples: samples.map((sample) => [...sample.tokens]),
  };
}

async function trainOn({ model, reference, prompt, answer, batch, steps, learningRate = 1e-6 }) {
  const next = random(0);
  const text = (length) => tokens(next, length, model.vocabSize);
  const pairs = Array.from({ length: batch * steps }, () => ({
    prompt: text(prompt),
    chosen: text(answer),
    rejected: text(answer),
  }));
  const seconds = [];
  const records = [];
  const groups = pairs.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected] }));
  const inSteps = Array.from({ length: steps }, (_, k) => groups.slice(k * batch, (k + 1) * batch));
  const options = { microBatches: 1, steps };
  const [{ batch: packed }] = planPacking(inSteps, options).pack(inSteps[0]);
  let last = performance.now();
  for await (const record of train({
    model,
    method: methodNamed('dpo', { beta: 0.1 }),
    reference,
    optimizer: adamw(),
    learningRate: () => learningRate,
    maxGradNorm: 1,
    batches: offlineBatches(pairs, { batchSize: batch, shuffle: false }),
    steps,
    packing: { microBatches: 1 },
  })) {
    if (!Number.isFinite(record.loss)) throw new Error(`The loss is ${record.loss}.`);
    records.push(record);
    seconds.push((performance.now() - last) / 1000);
    last = performance.now();
  }
  return { seconds, records, packed };
}

function tokens(next, length, vocabulary) {
  return Int32Array.from({ length }, () => Math.floor(next() * vocabulary));
}

/** The configuration of a shape, with fewer layers for a try. */
function configOf(shape, layers) {
  const config = shapeNamed(shape);
  if (layers === undefined) return config;
  return config.model_type === 'gpt2' ? { ...config, n_layer: layers } : { ...config, num_hidden_layers: layers };
}

/** The device's memory in use by the driver's word, since TensorFlow takes memory as it needs it; on a processor resident memory. */
function memoryUsed() {
  if (!engine.device.startsWith('gpu')) return { memoryBytes: process.resourceUsage().maxRSS * 1024 };
  const args = ['-i', engine.device.slice(4), '--query-gpu=memory.used', '--format=csv,noheader,nounits'];
  const { status, stdout } = spawnSync('nvidia-smi', args, { encoding: 'utf8' });
  return status === 0 ? { memoryBytes: Number(stdout.trim()) * 2 ** 20 } : {};
}
