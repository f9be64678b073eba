import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testEngine } from '@dpo/engine/test';
import { loadAdapter, loadModel } from '@dpo/models';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';

/** A training by TRL's DPOTrainer, from the text of rows to the weights: tooling/parity/trl_runs.py. */
interface Run {
  readonly model: string;
  readonly adapter: string | null;
  readonly rows: readonly object[];
  readonly records: readonly Readonly<Record<string, number>>[];
  /** How far each weight moved, and the sum of its moves with the weights cos 0, cos 1, …. */
  readonly weights: Readonly<Record<string, readonly [number, number]>>;
}

const fixtures = new URL('../../../../tooling/parity/fixtures/trl/', import.meta.url);
const at = (name: string) => fileURLToPath(new URL(name, fixtures));
const { runs, ...settings } = JSON.parse(readFileSync(at('expected.json'), 'utf8')) as {
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly maxGradNorm: number;
  readonly beta: number;
  readonly runs: Readonly<Record<string, Run>>;
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-trl-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function weightsOf(model: string, adapter: string | null): Promise<Map<string, Float32Array>> {
  const engine = testEngine();
  const base = (await loadModel(engine, model)).model;
  const whole = adapter === null ? base : await loadAdapter(base, adapter);
  const entries = [...whole.trainable()].map(
    async ([name, variable]) => [name, (await variable.read()).slice()] as const,
  );
  const weights = new Map(await Promise.all(entries));
  await engine.dispose();
  return weights;
}

const jsonLines = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);

it.each(Object.entries(runs))(
  'trains as TRL does: %s',
  async (name, run) => {
    const { model, adapter, rows, records, weights } = run;
    const data = join(folder, `${name}.jsonl`);
    const output = join(folder, name);
    await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const start = adapter === null ? ['--model', at(model)] : ['--model', at(model), '--adapter', at(adapter)];
    const { steps, batch, learningRate, maxGradNorm, beta } = settings;
    const numbers = {
      'max-steps': steps,
      'batch-size': batch,
      'learning-rate': learningRate,
      'max-grad-norm': maxGradNorm,
      beta,
    };
    const options = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const common = ['--data', data, '--precision', 'float32', '--no-shuffle', '--output', output];
    const result = await runCli(['train', ...start, ...common, ...options]);
    expect(result.code, result.notes.join('\n')).toBe(0);

    for (const [k, record] of (await jsonLines(join(output, 'metrics.jsonl'))).entries())
      for (const [key, expected] of Object.entries(records[k] ?? {})) {
        // A tie counts one half here and nothing in TRL: the policy is the reference at the first step.
        if (key === 'rewards/accuracies' && k === 0) continue;
        // Rewards are β times the difference between two sums of some tens.
        const size = key.startsWith('rewards') ? 1 : Math.abs(expected);
        expect(
          Math.abs((record[key] as number) - expected),
          `step ${k + 1}, ${key}: ${record[key]}, not ${expected}`,
        ).toBeLessThan(1e-4 * size);
      }

    const before = await weightsOf(at(model), adapter === null ? null : at(adapter));
    const final = join(output, 'final');
    const after = await (adapter === null ? weightsOf(final, null) : weightsOf(at(model), final));
    expect([...after.keys()].sort()).toEqual(Object.keys(weights).sort());
    for (const [key, [norm, sum]] of Object.entries(weights)) {
      const old = before.get(key) as Float32Array;
      const moves = Array.from(after.get(key) as Float32Array, (value, i) => value - (old[i] as number));
      expect(Math.abs(Math.hypot(...moves) - norm), key).toBeLessThan(1e-4 * norm);
      const weightedSum = moves.reduce((total, move, i) => total + move * Math.cos(i), 0);
      expect(Math.abs(weightedSum - sum), key).toBeLessThan(1e-4 * norm);
    }
  },
  240_000,
);
