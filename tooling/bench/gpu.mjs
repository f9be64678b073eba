// Checks and measures the engine on a GPU, unattended: see README.md. Exit codes: 0 all results equal the
// processor's within the tolerances, 1 no GPU or library, or a failed case, 2 wrong usage.
import { spawn, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '@dpo/base/files';
import { cpuFlags, openEngine } from '@dpo/engine';
import { gpuTable, reportOf } from './gpu-report.mjs';
import { describeMachine } from './report.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const say = (line) => process.stderr.write(`${line}\n`);
const options = {
  device: { type: 'string', default: 'gpu' },
  library: { type: 'string' },
  steps: { type: 'string', default: '10' },
  write: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
};
const values = readValues();
const { device } = values;
// On a processor the cases are small, so that the script can be tried anywhere.
const small = device === 'cpu';
if (values.library !== undefined) process.env.DPO_LIBTENSORFLOW = values.library;

const description = await tryDevice();
say(`On ${description}.`);
const modes = [
  { mode: 'float32' },
  { mode: 'TF32', tf32: true },
  { mode: 'bfloat16', precision: 'bfloat16' },
  { mode: 'float32, XLA', xla: true },
  { mode: 'bfloat16, XLA', precision: 'bfloat16', xla: true },
];
const step = small
  ? { shape: 'gpt2', layers: 1, prompt: 32, answer: 16, batch: 2, steps: 1 }
  : { shape: 'gpt2', prompt: 384, answer: 64, batch: 16, steps: Number(values.steps) };
const sampling = small
  ? { shape: 'smollm2', layers: 1, prompt: 8, answer: 4, rows: 4 }
  : { shape: 'smollm2', prompt: 16, answer: 64, rows: 32 };
/** The largest relative difference of a mode from float32 on the processor. */
const tolerances = { float32: 2e-4, TF32: 1e-2, bfloat16: 6e-2, 'float32, XLA': 2e-4, 'bfloat16, XLA': 6e-2 };
const cases = [
  ...modes.map((mode) => ({
    kind: 'parity',
    ...mode,
    sameTokens: mode.mode === 'float32',
    tolerance: tolerances[mode.mode],
  })),
  ...modes.slice(0, 3).map((mode) => ({ kind: 'products', ...mode, size: small ? 256 : 8192 })),
  ...modes.map((mode) => ({ kind: 'step', ...mode, ...step })),
  ...[modes[0], modes[2]].map((mode) => ({ kind: 'generation', ...mode, ...sampling })),
];

const results = [];
for (const work of cases) {
  const outcome = await run({ ...work, device });
  results.push({ work, ...outcome });
  say(`  ${work.kind}, ${work.mode}: ${outcome.error ?? JSON.stringify(outcome.numbers)}`);
}
const machine = { ...describeMachine(await cpuFlags()), engine: description, gpu: gpuName() };
const report = { date: new Date().toISOString().slice(0, 10), small, machine, step, sampling, results };
process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : `${gpuTable(results)}\n`);
if (values.write) {
  const output = file('../../docs/benchmarks-gpu.md');
  await writeFileAtomic(output, (temporary) => writeFile(temporary, reportOf(report)));
  say(`Written to ${output}.`);
}
const failures = results.filter(({ error }) => error !== undefined);
if (failures.length > 0) say(`${failures.length} of ${results.length} cases failed.`);
process.exitCode = failures.length > 0 ? 1 : 0;

/** @returns {{ device: NonNullable<import('@dpo/engine').OpenEngineOptions['device']>, library?: string, steps: string, write: boolean, json: boolean }} */
function readValues() {
  try {
    const values = /** @type {any} */ (parseArgs(/** @type {any} */ ({ options })).values);
    if (!/^(cpu|gpu(:\d+)?)$/.test(values.device)) throw new Error('--device must be gpu, gpu:N or cpu.');
    if (!/^[1-9]\d*$/.test(values.steps)) throw new Error('--steps must be a positive integer.');
    return values;
  } catch (error) {
    say(`Error: ${error.message}`);
    return process.exit(2);
  }
}

/** The description of the engine on the device. Without an engine the program says why, and ends. */
async function tryDevice() {
  try {
    const engine = await openEngine({ kind: 'tensorflow', device });
    await engine.dispose();
    return engine.description;
  } catch (error) {
    say(`There is nothing to measure on: ${error.message}`);
    if (error.hint !== undefined) say(error.hint);
    if (device !== 'cpu') say('With --device cpu the script runs small cases on the processor, to try it out.');
    return process.exit(1);
  }
}

/** Runs a case. Resolves to its numbers, or the error. */
function run(work) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file('gpu-case.mjs'), JSON.stringify(work)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors = (errors + text).slice(-4000);
    });
    child.on('error', (error) => resolve({ error: error.message }));
    child.on('close', (code, signal) => {
      const last = output.trim().split('\n').at(-1) ?? '';
      if (code !== 0 || last === '') return resolve({ error: `ended with ${signal ?? code}: ${errors.trim()}` });
      const numbers = JSON.parse(last);
      const { difference } = numbers;
      if (difference !== undefined && !(difference <= work.tolerance))
        return resolve({ numbers, error: `differs by ${difference} from the processor, more than ${work.tolerance}` });
      return resolve({ numbers });
    });
  });
}

function gpuName() {
  if (device === 'cpu') return undefined;
  const args = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'];
  const { status, stdout } = spawnSync('nvidia-smi', args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim().split('\n')[Number(device.split(':')[1] ?? 0)] : undefined;
}
