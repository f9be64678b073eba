#!/usr/bin/env node
// Rescores a judge's verdicts on all models of a leaderboard, and compares the figures with the published ones:
//
//     npm run dpo -- --version && node tooling/parity/check_alpaca_eval.mjs verdicts.jsonl.gz [--command]
//
// `alpaca_eval.py` describes the input. A file of verdicts is written for each model and read back, with --command by
// `dpo eval rescore --json`. Exit code 1 when a raw rate or an error is off by more than 1e-5 points, when the length-controlled
// rates correlate by less than 0.95 (Spearman), when the variants of one model are more than 2 points apart, or when the baseline
// does not have one half against itself.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

const root = new URL('../../', import.meta.url);
const { readVerdicts, rescored, winRateReport } = await import(new URL('packages/eval/dist/index.js', root).href);
const program = fileURLToPath(new URL('apps/cli/dist/bundle/main.js', root));
const [data, command] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
if (data === undefined) throw new Error('Give the path of verdicts.jsonl.gz.');

const lines = gunzipSync(await readFile(data))
  .toString('utf8')
  .trim()
  .split('\n');
const folder = await mkdtemp(join(tmpdir(), 'dpo-leaderboard-'));
const models = [];
try {
  for (const line of lines) {
    const { name, published, rows } = JSON.parse(line);
    const path = join(folder, 'verdicts.jsonl');
    await writeFile(path, rows.map((row, i) => `${JSON.stringify(verdict(row, i))}\n`).join(''));
    const ours = await rescore(path);
    models.push({ name, published, ours });
    const [low, high] = ours.length_controlled_interval;
    say(
      `${name.padEnd(34)} raw ${cents(ours.win_rate)} (published ${published.win_rate.toFixed(2)})` +
        `  controlled ${cents(ours.length_controlled_win_rate)} [${cents(low)}, ${cents(high)}]` +
        ` (published ${published.length_controlled_winrate.toFixed(2)})`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/**
 * A row as a verdict. One order was judged, and which one was not published. So the model's answer is the first in every second
 * row, which changes no figure but the first position's.
 */
function verdict({ p, model, baseline, prompt }, i) {
  const first = i % 2 === 0 ? 'model' : 'baseline';
  const p_first = first === 'model' ? p : 1 - p;
  return {
    prompt_id: prompt,
    first,
    repetition: 0,
    verdict: p_first > 0.5 ? 'first' : p_first < 0.5 ? 'second' : 'tie',
    p_first,
    model_length: model,
    baseline_length: baseline,
  };
}

async function rescore(path) {
  if (command !== '--command') return rescored(winRateReport((await readVerdicts(path)).verdicts));
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'eval', 'rescore', path, '--json']);
  return JSON.parse(stdout);
}

function cents(share) {
  return (100 * share).toFixed(2);
}

/** Ranks from 1. Equal values have the mean of their ranks. */
function ranks(values) {
  return values.map(
    (value) => values.filter((each) => each < value).length + (values.filter((each) => each === value).length + 1) / 2,
  );
}

function spearman(a, b) {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (a.length + 1) / 2;
  const sum = (f) => x.reduce((total, _, i) => total + f(x[i] - middle, y[i] - middle), 0);
  return sum((u, v) => u * v) / Math.sqrt(sum((u) => u * u) * sum((_, v) => v * v));
}

const deviation = (key, ours) =>
  Math.max(...models.map((each) => Math.abs(each.published[key] - 100 * each.ours[ours])));
const controlled = (each) => each.ours.length_controlled_win_rate;
const published = models.map((each) => each.published.length_controlled_winrate);
const variants = models.filter(({ name }) => name.startsWith('gpt-3.5-turbo-1106')).map(controlled);
const itself = models.find(({ name }) => name === 'gpt4_1106_preview');
const checks = [
  ['largest deviation of a win rate, points', deviation('win_rate', 'win_rate'), (value) => value < 1e-5],
  [
    'largest deviation of a standard error, points',
    deviation('standard_error', 'standard_error'),
    (value) => value < 1e-5,
  ],
  ['Spearman of length-controlled rates', spearman(models.map(controlled), published), (value) => value >= 0.95],
  ['spread of the three variants, points', 100 * (Math.max(...variants) - Math.min(...variants)), (value) => value < 2],
  ['baseline against itself', itself === undefined ? Number.NaN : controlled(itself), (value) => value === 0.5],
];
say(`${models.length} models`);
for (const [what, value, right] of checks) say(`${right(value) ? 'right' : 'WRONG'}  ${what}: ${value}`);
process.exitCode = checks.every(([, value, right]) => right(value)) ? 0 : 1;
