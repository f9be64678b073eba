#!/usr/bin/env node
// Kills workers of a training at random moments, each rank in turn. Every survivor must end with an error in time, every checkpoint must be
// whole, and the resumed training, with as many workers or another number, must end as the unbroken one.
//
//     npm run dpo -- --version && node tooling/many/kills.mjs [--runs 20] [--workers 3] [--seed 1] [--keep]
//
// A moment is a share of a phase of a step: the run's folder says when the phase begins, and the unbroken run says how long it takes.
// Every second run is under `dpo launch`. The workers of the others start by TF_CONFIG, as on several machines; they are killed after
// they have met, since a worker that waits for another waits for ten minutes.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freeHosts, tfConfig } from './cluster.mjs';
import { load, makeInputs, start } from './inputs.mjs';
import { recordsApart, recordsOf, weightsApart, weightsOf } from './same-result.mjs';
import { watchRun } from './watch-run.mjs';

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
/** How far weights and records may be from the unbroken run's after steps by another number of workers, which rounds otherwise. */
const ROUNDING = 1e-4;

const { random, permutation } = await load('packages/base/dist/index.js');
const { checkCheckpoint } = await load('packages/core/dist/index.js');
const folder = await mkdtemp(join(tmpdir(), 'dpo-kills-'));
const say = (line) => process.stdout.write(`${line}\n`);
say(`Seed ${seed}, ${runs} runs of ${workers} workers, in ${folder}.`);
await makeInputs(folder, { width: 128, layers: 4 });
await writeFile(
  join(folder, 'reward.mjs'),
  `import { appendFileSync } from 'node:fs';
export default async (_, answers) => {
  appendFileSync(process.env.DPO_KILLS_REQUESTS, '\\n');
  return answers.map((answer) => answer.length % 7);
};\n`,
);

/** Prompts of a step of `dpo rl`. */
const PROMPTS = 6;
const common = [
  ...['--model', join(folder, 'model'), '--data', join(folder, 'pairs.jsonl'), '--engine', 'tensorflow'],
  ...['--save-steps', '3', '--no-tensorboard', '--shard-optimizer'],
];
const step = (steps, draw) => 2 + Math.floor(draw() * (steps - 2));
const saved = (steps, draw) => 3 * (1 + Math.floor(draw() * (steps / 3)));
/** What is trained, and the phases of a run: the events that begin and end a phase, for a step that is drawn. */
const trainings = {
  train: {
    steps: 24,
    // AdamW would make steps of full size of rounding, where a gradient is 0 but for rounding.
    args: [
      ...['train', ...common, '--batch-size', '8', '--eval-steps', '4', '--optimizer', 'sgd', '--momentum', '0.9'],
      ...['--learning-rate', '0.02'],
    ],
    phases: {
      starting: () => ['started', 'record 1'],
      'in a step': (k) => [`record ${k - 1}`, `record ${k}`],
      'writing a checkpoint': (_, k) => [`writing checkpoint-${k}`, `written checkpoint-${k}`],
      'writing the result': () => ['writing final', 'written final'],
    },
  },
  rl: {
    steps: 12,
    args: [
      ...['rl', ...common, '--reward', join(folder, 'reward.mjs'), '--prompts-per-batch', String(PROMPTS)],
      ...['--samples', '4', '--max-new-tokens', '24', '--learning-rate', '0.001'],
    ],
    phases: {
      sampling: (k) => [`record ${k - 1}`, `rewards ${k}`],
      'updating after sampling': (k) => [`rewards ${k}`, `record ${k}`],
      'writing a checkpoint': (_, k) => [`writing checkpoint-${k}`, `written checkpoint-${k}`],
    },
  },
};
/** The moments of twenty runs. */
const kinds = [
  ...['starting', 'in a step', 'in a step', 'in a step', 'in a step', 'in a step', 'in a step'].map((at) => [
    'train',
    at,
  ]),
  ...['writing a checkpoint', 'writing a checkpoint', 'writing a checkpoint', 'starting'].map((at) => ['train', at]),
  ...['writing the result', 'writing the result'].map((at) => ['train', at]),
  ...['sampling', 'sampling', 'sampling', 'updating after sampling', 'updating after sampling'].map((at) => ['rl', at]),
  ...['writing a checkpoint', 'writing a checkpoint'].map((at) => ['rl', at]),
];

const argsOf = (name, output, more = []) => {
  const { args, steps } = trainings[name];
  const heldOut = name === 'train' ? ['--eval-data', join(folder, 'pairs.jsonl')] : [];
  return [...args, ...heldOut, '--max-steps', String(steps), '--output', output, ...more];
};
const requestsOf = (output) => `${output}.requests`;
const environment = (output) => ({ DPO_KILLS_REQUESTS: requestsOf(output) });
const launchOf = (count, args, env) =>
  start(['launch', '--workers', String(count), '--threads', '1', '--', ...args], { env });
const watch = (name, output) =>
  watchRun(output, name === 'rl' ? { file: requestsOf(output), ofStep: PROMPTS } : undefined);
const checkpoints = async (output) =>
  (await readdir(output).catch(() => []))
    .filter((name) => name.startsWith('checkpoint-'))
    .map((name) => join(output, name));

/** Starts the workers; resolves to their processes, once it is known which process is which worker, or once they have met. */
async function startWorkers(args, env, underLaunch) {
  if (underLaunch) {
    const launch = launchOf(workers, args, env);
    if (!(await launch.says('Workers: process'))) throw new Error(launch.texts.notes);
    const ids = [...launch.texts.notes.matchAll(/process (\d+)/g)].map(([, id]) => Number(id));
    // The launcher stands for all survivors: it ends when the last of them has ended.
    return { kill: (rank) => process.kill(ids[rank], 'SIGKILL'), survivors: () => [launch] };
  }
  const hosts = await freeHosts(workers);
  const all = hosts.map((_, i) =>
    start([...args, '--threads', '1'], { env: { ...env, TF_CONFIG: tfConfig(hosts, i) } }),
  );
  await Promise.all(all.map(({ says }) => says('Workers: ')));
  return {
    kill: (rank) => all[rank].child.kill('SIGKILL'),
    survivors: (rank) => all.filter((_, i) => i !== rank),
  };
}

/** The ends of the survivors; undefined when one of them did not end in time, and was killed. */
async function endsOf(survivors) {
  const late = sleep(1000 * LIMIT, undefined, { ref: false });
  const ends = await Promise.all(survivors.map(({ ended }) => Promise.race([ended, late])));
  if (!ends.includes(undefined)) return ends;
  for (const { child } of survivors) child.kill('SIGKILL');
  return undefined;
}

/** Starts the workers of a run and kills one at the moment. */
async function kill(name, output, { rank, underLaunch, begins, waits }) {
  const events = watch(name, output);
  const group = await startWorkers(argsOf(name, output), environment(output), underLaunch);
  const survivors = group.survivors(rank);
  const over = Promise.race(survivors.map(({ ended }) => ended));
  const moment = events
    .sees(begins)
    .then(() => sleep(Math.max(0, events.times.get(begins) + waits - performance.now())));
  await Promise.race([moment, over]);
  const found = events.now();
  try {
    group.kill(rank);
  } catch {
    // The worker had ended.
  }
  const killed = performance.now();
  const ends = await endsOf(survivors);
  events.close();
  return { found, ends, seconds: (performance.now() - killed) / 1000 };
}

/** Goes on with a run that was killed, unless it is done. Returns what is wrong, if anything. */
async function goOn(name, output, count) {
  const more = (await checkpoints(output)).length > 0 ? ['--resume'] : [];
  const args = argsOf(name, output, more);
  const env = environment(output);
  const { code, notes } = await (count === 1 ? start([...args, '--threads', '1'], { env }) : launchOf(count, args, env))
    .ended;
  return code === 0 ? undefined : `the resumed run ended with ${code}:\n${notes}`;
}

/** One run: killed, looked at, resumed, compared. Returns what is wrong, if anything. */
async function tryRun(index, unbroken) {
  const draw = random(seed, index);
  const rank = index % workers;
  const underLaunch = Math.floor(index / workers) % 2 === 1;
  const [name, phase] = kinds[order[index % kinds.length]];
  const { steps, phases } = trainings[name];
  const { times, weights, records } = unbroken[name];
  const [begins, ends] = phases[phase](step(steps, draw), saved(steps, draw));
  const waits = draw() * (times.get(ends) - times.get(begins));
  const counts = [workers, 1, workers === 2 ? 3 : workers - 1];
  const count = counts[Math.floor(draw() * counts.length)];
  const output = join(folder, `run-${index}`);

  const killed = await kill(name, output, { rank, underLaunch, begins, waits });
  const moment = `${name}, rank ${rank} of ${workers}${underLaunch ? ' under launch' : ''} killed ${phase}, ${waits.toFixed(0)} ms after "${begins}", ${killed.found}`;
  if (killed.ends === undefined) return `run ${index}: ${moment}: a survivor did not end within ${LIMIT} s`;
  const codes = killed.ends.map(({ code }) => code);
  const wrong = killed.ends.find(
    ({ code, notes }) => code !== 0 && !(code === 1 && /Error: |Worker \d failed/.test(notes)),
  );
  if (wrong !== undefined) return `run ${index}: ${moment}: a survivor ended with ${wrong.code}:\n${wrong.notes}`;
  for (const checkpoint of await checkpoints(output)) await checkCheckpoint(checkpoint);
  const isDone = (await readdir(output).catch(() => [])).includes('final');
  const failure = isDone ? undefined : await goOn(name, output, count);
  if (failure !== undefined) return `run ${index}: ${moment}: ${failure}`;

  const leftovers = (await readdir(output)).filter((entry) => entry.endsWith('.partial'));
  const weightsDiffer = weightsApart(weights, await weightsOf(output));
  const { most, name: worst } = recordsApart(await recordsOf(output), records);
  // As many workers sum in the same order; another number of workers rounds otherwise.
  const allowed = isDone || count === workers ? 0 : ROUNDING;
  say(
    `run ${index}: ${moment}; survivors ended with ${codes} after ${killed.seconds.toFixed(2)} s; ` +
      `${isDone ? 'nothing to resume' : `resumed with ${count}`}; weights differ by ${weightsDiffer.toExponential(1)}, ` +
      `records by ${most.toExponential(1)}`,
  );
  if (leftovers.length > 0) return `run ${index}: ${leftovers} is left`;
  if (weightsDiffer > allowed) return `run ${index}: weights differ by ${weightsDiffer}`;
  if (!(most <= allowed)) return `run ${index}: ${worst} differs by ${most}`;
  if (!values.keep) await rm(output, { recursive: true });
  slowest = Math.max(slowest, killed.seconds);
  return undefined;
}

/** The unbroken run of each training: its result, and when its phases began and ended. */
async function unbrokenRun(name) {
  const output = join(folder, `whole-${name}`);
  const events = watch(name, output);
  const { code, notes } = await launchOf(workers, argsOf(name, output), environment(output)).ended;
  events.close();
  if (code !== 0) throw new Error(notes);
  return { times: events.times, weights: await weightsOf(output), records: await recordsOf(output) };
}

let slowest = 0;
const order = permutation(kinds.length, seed);
const unbroken = { train: await unbrokenRun('train'), rl: await unbrokenRun('rl') };
const failures = [];
for (let index = 0; index < runs; index++) {
  const failure = await tryRun(index, unbroken).catch((error) => `run ${index}: ${error.stack}`);
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
