#!/usr/bin/env node
// Kills trainings at random moments, and compares their weights with an unbroken training's, byte for byte. Runs for a night; CI
// tries a few moments in apps/cli/src/commands/signals.test.ts.
//
//     npm run dpo -- --version && node tooling/kills/run.mjs [--runs 40] [--seed 1] [--keep]

import { cp, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { load, makeInputs, start } from '../many/inputs.mjs';

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

/** Starts a run, and kills the run after so many milliseconds when a number is given. Resolves to exit code and output. */
async function train(kind, output, more, killAfter) {
  const { child, ended } = start([...common, ...kind.options, '--output', output, ...more]);
  if (killAfter !== undefined) {
    await Promise.race([sleep(killAfter), ended]);
    child.kill('SIGKILL');
  }
  const { code, signal, notes } = await ended;
  return { code: signal === 'SIGKILL' ? 'killed' : code, notes };
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
    const { code, notes } = await train(
      kind,
      output,
      hasCheckpoint ? ['--resume'] : [],
      last ? undefined : draw() * duration * 1.1,
    );
    if (code === 0) break;
    if (code !== 'killed') return `run ${index} ended with ${code}:\n${notes}`;
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

await makeInputs(folder, { rows: 12 });
const failures = [];
for (const [k, kind] of kinds.entries()) {
  const output = join(folder, `whole-${k}`);
  const begun = performance.now();
  const { code, notes } = await train(kind, output, []);
  if (code !== 0) throw new Error(notes);
  const duration = performance.now() - begun;
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
