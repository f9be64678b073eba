#!/usr/bin/env node
// Kills trainings at random moments, and compares their weights with an unbroken training's, byte for byte. Runs for a night; CI
// tries a few moments in apps/cli/src/commands/signals.test.ts.
//
//     npm run dpo -- --version && node tooling/kills/run.mjs [--runs 40] [--seed 1] [--keep]

import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = new URL('../../', import.meta.url);
const program = fileURLToPath(new URL('apps/cli/dist/bundle/main.js', root));
const load = (path) => import(new URL(path, root).href);
const { random } = await load('packages/base/dist/index.js');

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '40' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    keep: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const folder = await mkdtemp(join(tmpdir(), 'dpo-kills-'));
const say = (line) => process.stdout.write(`${line}\n`);
say(`Seed ${seed}, ${values.runs} runs, in ${folder}.`);

/** The kinds of runs: options, and the file of the final weights. */
const kinds = [
  { name: 'all weights', options: ['--optimizer', 'adamw', '--schedule', 'cosine'], file: 'model.safetensors' },
  { name: 'adapter', options: ['--lora-rank', '2', '--optimizer', 'rmsprop'], file: 'adapter_model.safetensors' },
  {
    name: 'moving reference',
    options: ['--ref-sync-steps', '2', '--optimizer', 'sgd', '--momentum', '0.9'],
    file: 'model.safetensors',
  },
];
const common = [
  ...['train', '--model', join(folder, 'model'), '--data', join(folder, 'pairs.jsonl'), '--batch-size', '4'],
  ...['--engine', 'cpu', '--learning-rate', '0.01', '--max-steps', '20', '--save-steps', '3'],
];

async function makeInputs() {
  const [{ createModel, saveModel }, { testEngine }, { tinyTokenizer }] = await Promise.all([
    load('packages/models/dist/index.js'),
    load('packages/engine/dist/test/index.js'),
    load('packages/models/dist/test/index.js'),
  ]);
  const engine = testEngine();
  const tokenizer = tinyTokenizer();
  const config = {
    model_type: 'gpt2',
    vocab_size: tokenizer.vocabSize,
    n_embd: 16,
    n_layer: 1,
    n_head: 2,
    n_positions: 64,
  };
  await saveModel(createModel(engine, config, { seed: 1 }), join(folder, 'model'), {
    source: { tokenizerFiles: { ...tokenizer.files } },
  });
  await engine.dispose();
  const rows = Array.from({ length: 12 }, (_, i) => ({
    prompt: `Q${i % 5}:`,
    chosen: ` yes ${i}`,
    rejected: ` no, ${i}`,
  }));
  await writeFile(join(folder, 'pairs.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** Starts a run, and kills the run after so many milliseconds when a number is given. Resolves to exit code and output. */
async function train(kind, output, more, killAfter) {
  const child = spawn(process.execPath, [program, ...common, ...kind.options, '--output', output, ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let messages = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    messages += text;
  });
  const end = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  if (killAfter !== undefined) {
    await Promise.race([sleep(killAfter), end]);
    child.kill('SIGKILL');
  }
  const { code, signal } = await end;
  return { code: signal === 'SIGKILL' ? 'killed' : code, messages };
}

const checkpoints = async (output) =>
  (await readdir(output).catch(() => [])).filter((name) => name.startsWith('checkpoint-'));

/** Tears the newest checkpoint when there is an older one. */
async function tear(output, draw) {
  const names = (await checkpoints(output)).sort((a, b) => Number(a.slice(11)) - Number(b.slice(11)));
  if (names.length < 2) return false;
  const newest = join(output, names.at(-1));
  const files = (await readdir(newest)).filter((name) => /safetensors$|^trainer_state/.test(name));
  await truncate(join(newest, files[Math.floor(draw() * files.length)]), Math.floor(draw() * 200));
  return true;
}

/** One run, killed and resumed until it ends by itself. Returns the failure, if any. */
async function tryRun(kind, whole, duration, index) {
  const draw = random(seed, index);
  const output = join(folder, `run-${index}`);
  let [kills, torn] = [0, 0];
  for (;;) {
    const hasCheckpoint = (await checkpoints(output)).length > 0;
    const last = kills >= 5;
    const { code, messages } = await train(
      kind,
      output,
      hasCheckpoint ? ['--resume'] : [],
      last ? undefined : draw() * duration * 1.1,
    );
    if (code === 0) break;
    if (code !== 'killed') return `run ${index} ended with ${code}:\n${messages}`;
    kills++;
    if (draw() < 0.3 && (await tear(output, draw))) torn++;
  }
  const same = (await readFile(join(output, 'final', kind.file))).equals(whole);
  const steps = (await readFile(join(output, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n').length;
  if (!same || steps !== 20) return `run ${index} (${kind.name}): ${same ? `${steps} records of 20` : 'other weights'}`;
  if (!values.keep) await rm(output, { recursive: true });
  say(`run ${index} (${kind.name}): ${kills} kills, ${torn} torn checkpoints, the same bytes`);
  return undefined;
}

await makeInputs();
const failures = [];
for (const [k, kind] of kinds.entries()) {
  const output = join(folder, `whole-${k}`);
  const start = performance.now();
  const { code, messages } = await train(kind, output, []);
  if (code !== 0) throw new Error(messages);
  const duration = performance.now() - start;
  const whole = await readFile(join(output, 'final', kind.file));
  for (let index = k; index < Number(values.runs); index += kinds.length) {
    const failure = await tryRun(kind, whole, duration, index);
    if (failure !== undefined) {
      failures.push(failure);
      say(failure);
      await cp(join(folder, `run-${index}`), join(folder, `failed-${index}`), { recursive: true });
    }
  }
}
if (failures.length === 0 && !values.keep) await rm(folder, { recursive: true });
say(
  failures.length === 0
    ? 'All ended in the same bytes.'
    : `${failures.length} failed, with seed ${seed}, in ${folder}.`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
