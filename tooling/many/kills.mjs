#!/usr/bin/env node
// Kills workers of a training at random moments, each rank in turn. Every survivor must end with an error in time, every checkpoint must be
// whole, and the resumed training, with as many workers or another number, must end as the unbroken one.
//
//     npm run dpo -- --version && node tooling/many/kills.mjs [--runs 20] [--workers 3] [--seed 1] [--keep]
//
// Every second run is under `dpo launch`, and may be killed while its workers start. The workers of the others start by TF_CONFIG, as on
// several machines; they are killed after they have met, since a worker that waits for another waits for ten minutes.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freeHosts, tfConfig } from './cluster.mjs';
import { load, makeInputs, start } from './inputs.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    workers: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    keep: { type: 'boolean', default: false },
  },
});
const [runs, workers, seed] = [values.runs, values.workers, values.seed].map(Number);
/** Seconds within which every survivor must end: docs/many-machines.md. */
const LIMIT = 60;
const STEPS = 40;

const { random } = await load('packages/base/dist/index.js');
const { openSafetensors } = await load('packages/base/dist/safetensors.js');
const { checkCheckpoint } = await load('packages/core/dist/index.js');
const folder = await mkdtemp(join(tmpdir(), 'dpo-kills-'));
const say = (line) => process.stdout.write(`${line}\n`);
say(`Seed ${seed}, ${runs} runs of ${workers} workers, in ${folder}.`);
await makeInputs(folder);

const argsOf = (output, more = []) => [
  ...['train', '--model', join(folder, 'model'), '--data', join(folder, 'pairs.jsonl'), '--output', output],
  ...['--engine', 'tensorflow', '--batch-size', '8', '--learning-rate', '0.001', '--max-steps', String(STEPS)],
  ...['--save-steps', '3', '--no-tensorboard', '--shard-optimizer', ...more],
];
const launchOf = (count, args) => start(['launch', '--workers', String(count), '--threads', '1', '--', ...args]);
const checkpoints = async (output) =>
  (await readdir(output).catch(() => []))
    .filter((name) => name.startsWith('checkpoint-'))
    .map((name) => join(output, name));

/** Starts the workers; resolves to their processes, once it is known which process is which worker. */
async function startWorkers(args, underLaunch) {
  if (underLaunch) {
    const launch = launchOf(workers, args);
    if (!(await launch.says('Workers: process'))) throw new Error(launch.texts.notes);
    const ids = [...launch.texts.notes.matchAll(/process (\d+)/g)].map(([, id]) => Number(id));
    // The launcher stands for all survivors: it ends when the last of them has ended.
    return {
      kill: (rank) => process.kill(ids[rank], 'SIGKILL'),
      survivors: () => [launch],
      met: Promise.resolve(true),
    };
  }
  const hosts = await freeHosts(workers);
  const all = hosts.map((_, i) => start([...args, '--threads', '1'], { env: { TF_CONFIG: tfConfig(hosts, i) } }));
  return {
    kill: (rank) => all[rank].child.kill('SIGKILL'),
    survivors: (rank) => all.filter((_, i) => i !== rank),
    met: Promise.all(all.map(({ says }) => says('Workers: '))),
  };
}

async function weightsOf(output) {
  const file = await openSafetensors(join(output, 'final'));
  const tensors = new Map();
  for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
  await file.close();
  return tensors;
}

/** The largest difference of two models' weights, relative to the largest weight of its tensor. */
function apart(a, b) {
  let most = 0;
  for (const [name, values] of a) {
    const others = b.get(name);
    const scale = values.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-3);
    values.forEach((value, i) => {
      most = Math.max(most, Math.abs(value - others[i]) / scale);
    });
  }
  return most;
}

/** One run: killed, looked at, resumed, compared. Returns what is wrong, if anything. */
async function tryRun(index, whole, duration) {
  const draw = random(seed, index);
  const rank = index % workers;
  const underLaunch = index % 2 === 1;
  const output = join(folder, `run-${index}`);
  const started = performance.now();
  const group = await startWorkers(argsOf(output), underLaunch);
  await group.met;
  const begun = performance.now();
  await Promise.race([
    sleep(draw() * (duration - (begun - started)) * 1.1),
    ...group.survivors(rank).map(({ ended }) => ended),
  ]);
  const moment = performance.now() - started;
  const before = (await checkpoints(output)).length;
  try {
    group.kill(rank);
  } catch {
    // The worker had ended.
  }
  const killed = performance.now();
  const late = sleep(1000 * LIMIT).then(() => undefined);
  const ends = [];
  for (const { ended, child } of group.survivors(rank)) {
    const end = await Promise.race([ended, late]);
    if (end === undefined) {
      child.kill('SIGKILL');
      return `run ${index}: a survivor of rank ${rank} did not end within ${LIMIT} s`;
    }
    ends.push(end);
  }
  const seconds = (performance.now() - killed) / 1000;
  const codes = ends.map(({ code }) => code);
  const isDone = codes.every((code) => code === 0);
  const wrong = ends.find(({ code, notes }) => code !== 0 && !(code === 1 && /Error: |Worker \d failed/.test(notes)));
  if (wrong !== undefined) return `run ${index}: a survivor ended with ${wrong.code}:\n${wrong.notes}`;
  for (const checkpoint of await checkpoints(output)) await checkCheckpoint(checkpoint);

  const count = [workers, workers - 1, 1][index % 3];
  let says = 'nothing to resume';
  if (!isDone || (await readdir(output)).every((name) => name !== 'final')) {
    const more = (await checkpoints(output)).length > 0 ? ['--resume'] : [];
    const args = argsOf(output, more);
    const { code, notes } = await (count === 1 ? start([...args, '--threads', '1']) : launchOf(count, args)).ended;
    if (code !== 0) return `run ${index}: the resumed run ended with ${code}:\n${notes}`;
    says = `resumed with ${count}`;
  }
  const records = (await readFile(join(output, 'metrics.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const steps = records.map(({ step }) => step);
  if (steps.length !== STEPS || steps.some((step, i) => step !== i + 1))
    return `run ${index}: the records are of steps ${steps}`;
  const difference = apart(whole, await weightsOf(output));
  // As many workers sum in the same order; another number of workers rounds otherwise.
  const allowed = says === 'nothing to resume' || count === workers ? 0 : 1e-4;
  say(
    `run ${index}: rank ${rank} of ${workers}${underLaunch ? ' under launch' : ''} killed after ${(moment / 1000).toFixed(1)} s with ` +
      `${before} checkpoints; survivors ended with ${codes} after ${seconds.toFixed(2)} s; ${says}; weights differ by ${difference.toExponential(1)}`,
  );
  if (difference > allowed) return `run ${index}: weights differ by ${difference}`;
  if (!values.keep) await rm(output, { recursive: true });
  slowest = Math.max(slowest, seconds);
  return undefined;
}

let slowest = 0;
const started = performance.now();
const unbroken = await launchOf(workers, argsOf(join(folder, 'whole'))).ended;
if (unbroken.code !== 0) throw new Error(unbroken.notes);
const duration = performance.now() - started;
const whole = await weightsOf(join(folder, 'whole'));
const failures = [];
for (let index = 0; index < runs; index++) {
  const failure = await tryRun(index, whole, duration).catch((error) => `run ${index}: ${error.stack}`);
  if (failure === undefined) continue;
  failures.push(failure);
  say(failure);
}
if (failures.length === 0 && !values.keep) await rm(folder, { recursive: true });
say(
  failures.length === 0
    ? `All ended as the unbroken training; the slowest survivors after ${slowest.toFixed(2)} s.`
    : `${failures.length} failed, with seed ${seed}, in ${folder}.`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
