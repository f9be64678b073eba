#!/usr/bin/env node
// Trains tiny models by one worker and by several, over methods, weights, references, and optimizers with and without a divided state.
// Every record must be that of one worker within 1e-5. Prints a table in Markdown.
//
//     npm run dpo -- --version && node tooling/many/matrix.mjs [--workers 2,3,4] [--only methods|optimizers]

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeInputs, start } from './inputs.mjs';
import { recordsApart, recordsOf, weightsApart, weightsOf } from './same-result.mjs';

const { values } = parseArgs({
  options: { workers: { type: 'string', default: '2,3,4' }, only: { type: 'string' } },
});
/** The largest difference from one worker's records that is allowed: see `recordsApart`. */
const LIMIT = 1e-5;
const counts = values.workers.split(',').map(Number);
const say = (line) => process.stdout.write(`${line}\n`);
const folder = await mkdtemp(join(tmpdir(), 'dpo-matrix-'));
await makeInputs(folder, { width: 32, layers: 2 });
const judged = Array.from({ length: 40 }, (_, i) => ({
  ...{
    prompt: `Q${i % 5}:`,
    completion: i % 3 === 0 ? ` no, ${i}` : ` yes ${i}${'!'.repeat(i % 4)}`,
    label: i % 3 > 0,
  },
}));
await writeFile(join(folder, 'answers.jsonl'), judged.map((row) => `${JSON.stringify(row)}\n`).join(''));

const methods = {
  DPO: ['--batch-size', '8'],
  KTO: ['--method', 'kto', '--batch-size', '9'],
  'IPO, 3 micro-batches': ['--method', 'ipo', '--batch-size', '4', '--grad-accumulation', '3'],
};
const weights = { 'all weights': [], LoRA: ['--lora-rank', '4', '--lora-targets', 'c_attn,c_proj,c_fc'] };
const references = { online: [], precomputed: ['--precompute-reference'] };
const optimizers = {
  adamw: ['--weight-decay', '0.1'],
  rmsprop: [],
  sgd: [],
  'sgd, momentum': ['--momentum', '0.9'],
  lion: [],
  adafactor: [],
};
const states = { whole: [], divided: ['--shard-optimizer'] };
const rates = { sgd: '0.05', 'sgd, momentum': '0.02', lion: '0.0001' };

const ofMethods = Object.entries(methods).flatMap(([method, options]) =>
  Object.entries(weights).flatMap(([ofWeights, more]) =>
    Object.entries(references).map(([reference, last]) => ({
      name: `${method}; ${ofWeights}; reference ${reference}`,
      alone: `${method}; ${ofWeights}; ${reference}`,
      args: [...options, ...more, ...last, '--learning-rate', '0.001'],
    })),
  ),
);
const ofOptimizers = Object.entries(optimizers).flatMap(([optimizer, options]) =>
  Object.entries(states).map(([state, more]) => ({
    name: `DPO by ${optimizer}; state ${state}`,
    alone: `DPO by ${optimizer}`,
    args: [
      ...['--optimizer', optimizer.split(',')[0], ...options, '--learning-rate', rates[optimizer] ?? '0.001'],
      ...['--batch-size', '8', '--max-grad-norm', '0.5', ...more],
    ],
  })),
);
const rows = { methods: ofMethods, optimizers: ofOptimizers };

let made = 0;
/** Trains, by one worker or by several. Returns records and weights. */
async function train(args, workers) {
  const output = join(folder, `run-${made++}`);
  const data = args.includes('kto') ? 'answers.jsonl' : 'pairs.jsonl';
  const all = [
    ...['train', '--model', join(folder, 'model'), '--data', join(folder, data), '--output', output],
    ...['--engine', 'tensorflow', '--threads', '1', '--max-steps', '6', '--no-tensorboard', ...args],
  ];
  const { code, notes } = await start(workers === 1 ? all : ['launch', '--workers', String(workers), '--', ...all])
    .ended;
  if (code !== 0) throw new Error(notes);
  const result = { records: await recordsOf(output), weights: await weightsOf(output) };
  await rm(output, { recursive: true });
  return result;
}

const alone = new Map();
const failures = [];
say(`| | ${counts.map((count) => `${count} workers: records, weights`).join(' | ')} |`);
say(`|---|${counts.map(() => '---').join('|')}|`);
for (const row of Object.entries(rows).flatMap(([name, list]) => ((values.only ?? name) === name ? list : []))) {
  if (!alone.has(row.alone))
    alone.set(
      row.alone,
      await train(
        row.args.filter((arg) => arg !== '--shard-optimizer'),
        1,
      ),
    );
  const one = alone.get(row.alone);
  const cells = [];
  for (const count of counts) {
    const several = await train(row.args, count);
    const { most, name } = recordsApart(several.records, one.records);
    cells.push(`${most.toExponential(0)}, ${weightsApart(one.weights, several.weights).toExponential(0)}`);
    if (!(most <= LIMIT)) failures.push(`${row.name}, ${count} workers: ${name} differs by ${most}`);
  }
  say(`| ${row.name} | ${cells.join(' | ')} |`);
}
await rm(folder, { recursive: true });
for (const failure of failures) say(failure);
process.exitCode = failures.length === 0 ? 0 : 1;
