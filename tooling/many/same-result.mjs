import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from './inputs.mjs';

/** Numbers of a record that are not the same in two runs. */
const ownClock = /^(pairs_per_second|peak_rss_bytes|time\/.*)$/;

/** The records of a run, without the numbers that are not the same in two runs. */
export async function recordsOf(output) {
  const text = await readFile(join(output, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => Object.fromEntries(Object.entries(JSON.parse(line)).filter(([name]) => !ownClock.test(name))));
}

/** The trained weights of a run, by name. */
export async function weightsOf(output) {
  const { openSafetensors } = await load('packages/base/dist/safetensors.js');
  const folder = join(output, 'final');
  const file = await openSafetensors(folder).catch(() => openSafetensors(join(folder, 'adapter_model.safetensors')));
  const tensors = new Map();
  for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
  await file.close();
  return tensors;
}

/** The largest difference of two models' weights, relative to the largest weight of the tensor. */
export function weightsApart(a, b) {
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

/** Numbers that are far from 0: a difference is relative to the number itself. */
const ofSize = /logps|grad_norm|learning_rate/;

/**
 * The largest difference of two runs' records, with the number's name. Log-probabilities and norms are compared relative to their size,
 * losses to at least 0.1. Rewards and margins are differences of log-probabilities, and may be close to 0: they are compared to at
 * least 1.
 */
export function recordsApart(a, b) {
  if (a.length !== b.length) return { most: Number.POSITIVE_INFINITY, name: `${a.length} records, not ${b.length}` };
  let worst = { most: 0, name: 'none' };
  for (const [i, record] of b.entries())
    for (const [name, value] of Object.entries(record)) {
      const scale = Math.max(ofSize.test(name) ? 0 : name.endsWith('loss') ? 0.1 : 1, Math.abs(value));
      const other = a[i][name];
      const difference = other === value ? 0 : Math.abs(other - value) / scale;
      if (!(difference <= worst.most)) worst = { most: difference, name: `${name} of step ${record.step}` };
    }
  return worst;
}
