import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testEngine } from '@dpo/engine/test';
import { loadAdapter, loadClassifier, loadRewardModel, readRewardScale } from '@dpo/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';

/** A training by TRL's RewardTrainer, from the text of rows to the weights: tooling/parity/rewards.py. */
interface Run {
  readonly model: string;
  readonly adapter: boolean;
  readonly rows: readonly { readonly prompt: string; readonly chosen: string; readonly rejected: string }[];
  readonly tokens: readonly (readonly [number[], number[]])[];
  readonly records: readonly Readonly<Record<string, number>>[];
  /** How far each weight moved, and the sum of its moves with the weights cos 0, cos 1, …. */
  readonly weights: Readonly<Record<string, readonly [number, number]>>;
  /** The scores of both answers of each row afterwards, by transformers and PEFT. */
  readonly scores: readonly (readonly [number, number])[];
}

const fixtures = new URL('../../../../tooling/parity/fixtures/', import.meta.url);
const at = (name: string) => fileURLToPath(new URL(name, fixtures));
const { runs, ...settings } = JSON.parse(readFileSync(at('rewards/expected.json'), 'utf8')) as {
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly maxGradNorm: number;
  readonly centre: number;
  readonly runs: Readonly<Record<string, Run>>;
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-reward-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function weightsOf(model: string, adapter: string | undefined): Promise<Map<string, Float32Array>> {
  const engine = testEngine();
  const base = (await loadRewardModel(engine, model)).model;
  const whole = adapter === undefined ? base : await loadAdapter(base, adapter);
  const weights = new Map<string, Float32Array>();
  for (const [name, variable] of whole.trainable()) weights.set(name, (await variable.read()).slice());
  await engine.dispose();
  return weights;
}

const jsonLines = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);

async function dataFile(name: string, rows: readonly object[]): Promise<string> {
  const data = join(folder, `${name}.jsonl`);
  await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return data;
}

/** Runs twelve steps of `dpo reward` with the fixture's settings. */
async function train(name: string, run: Run, more: readonly string[] = []) {
  const output = join(folder, `${name}-run`);
  const { steps, batch, learningRate, maxGradNorm, centre } = settings;
  const numbers = {
    'max-steps': steps,
    'batch-size': batch,
    'learning-rate': learningRate,
    'max-grad-norm': maxGradNorm,
    centre,
  };
  const result = await runCli([
    'reward',
    ...['--model', at(`classifiers/${run.model}`), '--data', await dataFile(name, run.rows), '--output', output],
    ...(run.adapter ? ['--adapter', at(`rewards/${name}-start`)] : []),
    ...['--precision', 'float32', '--no-shuffle'],
    ...Object.entries(numbers).flatMap(([key, value]) => [`--${key}`, String(value)]),
    ...more,
  ]);
  expect(result.code, result.notes.join('\n')).toBe(0);
  return { output, final: join(output, 'final') };
}

describe.each(Object.entries(runs))('a reward model trained as TRL trains: %s', (name, run) => {
  it('has the losses, rewards, norms and weights of twelve steps', async () => {
    const { output, final } = await train(name, run);
    for (const [k, record] of (await jsonLines(join(output, 'metrics.jsonl'))).entries())
      for (const [key, expected] of Object.entries(run.records[k] ?? {}))
        expect(
          Math.abs((record[key] as number) - expected),
          `step ${k + 1}, ${key}: ${record[key]}, not ${expected}`,
        ).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));

    const model = at(`classifiers/${run.model}`);
    const before = await weightsOf(model, run.adapter ? at(`rewards/${name}-start`) : undefined);
    const after = await (run.adapter ? weightsOf(model, final) : weightsOf(final, undefined));
    expect([...after.keys()].sort()).toEqual(Object.keys(run.weights).sort());
    for (const [key, [norm, sum]] of Object.entries(run.weights)) {
      const old = before.get(key) as Float32Array;
      const moves = Array.from(after.get(key) as Float32Array, (value, i) => value - (old[i] as number));
      expect(Math.abs(Math.hypot(...moves) - norm), key).toBeLessThan(1e-4 * norm);
      const weightedSum = moves.reduce((total, move, i) => total + move * Math.cos(i), 0);
      expect(Math.abs(weightedSum - sum), key).toBeLessThan(1e-4 * norm);
    }

    // transformers scores the ids of whole texts.
    const scale = await readRewardScale(final);
    const all = run.scores.flat();
    const mean = all.reduce((total, score) => total + score, 0) / all.length;
    expect(scale?.answers).toBe(all.length);
    expect(scale?.mean).toBeCloseTo(mean, 3);
    const variance = all.reduce((total, score) => total + (score - mean) ** 2, 0) / all.length;
    expect(scale?.deviation).toBeCloseTo(Math.sqrt(variance), 3);
    if (run.adapter) return;
    const { classifier } = await loadClassifier(testEngine(), final);
    const scores = await classifier.scores(run.tokens.flat());
    for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(all[i] as number, 3);
  }, 240_000);
});

it('goes on exactly, and keeps the weights of the best evaluation with their own scale', async () => {
  const run = runs.all as Run;
  const heldOut = await dataFile('held', run.rows.slice(0, 3));
  const common = ['--eval-data', heldOut, '--eval-steps', '4', '--load-best', '--eval-metric', 'eval_rewards/margins'];
  const whole = await train('whole', run, common);
  const output = join(folder, 'parts-run');
  const part = async (steps: string, more: readonly string[]) =>
    runCli([
      'reward',
      ...['--model', at('classifiers/qwen2'), '--data', await dataFile('parts', run.rows), '--output', output],
      ...['--batch-size', '2', '--learning-rate', '0.003', '--max-grad-norm', '0.5', '--precision', 'float32'],
      ...['--no-shuffle', '--max-steps', steps, '--save-steps', '4', ...common, ...more],
    ]);
  expect((await part('4', [])).code).toBe(0);
  await rm(join(output, 'final'), { recursive: true });
  const resumed = await part('12', ['--resume']);
  expect(resumed.code, resumed.notes.join('\n')).toBe(0);
  const numbers = async (folder: string) =>
    (await jsonLines(join(folder, 'metrics.jsonl'))).map(({ loss, accuracy, min_reward, eval_loss }) => [
      ...[loss, accuracy, min_reward, eval_loss],
    ]);
  expect(await numbers(output)).toEqual(await numbers(whole.output));
  for (const file of ['model.safetensors', 'reward_normalisation.json', 'config.json'])
    expect(await readFile(join(output, 'final', file))).toEqual(await readFile(join(whole.final, file)));
  expect((await readdir(whole.final)).sort()).toContain('README.md');
  expect(await readFile(join(whole.final, 'README.md'), 'utf8')).toContain('pipeline_tag: "text-classification"');
}, 240_000);

it('makes a new adapter with its score head, and refuses an adapter without one', async () => {
  const run = runs.all as Run;
  const { final } = await train('new-lora', run, ['--lora-rank', '2', '--max-steps', '1']);
  const config = JSON.parse(await readFile(join(final, 'adapter_config.json'), 'utf8'));
  expect(config).toMatchObject({ task_type: 'SEQ_CLS', modules_to_save: ['score'] });
  const places = ['--data', await dataFile('no-head', run.rows), '--output', join(folder, 'no-head')];
  const result = await runCli(['reward', '--model', at('trl/bytes'), '--adapter', at('trl/bytes-sft'), ...places]);
  expect(result).toMatchObject({ code: 1 });
  expect(result.notes.join('\n')).toContain('without a score head');
});

it('is for pairs and models alone, and says so before anything is written', async () => {
  const run = runs.all as Run;
  const data = await dataFile('refused', run.rows);
  const output = join(folder, 'refused');
  const several = await runCli(['reward', '--model', at('classifiers/gpt2'), '--data', data, '--output', output]);
  expect(several.notes.join('\n')).toContain('classifier of 3 labels');
  const end = await runCli([
    ...['reward', '--model', at('classifiers/qwen2'), '--data', data, '--output', output],
    ...['--pad-token', '<|im_end|>'],
  ]);
  expect(end.notes.join('\n')).toContain('ends texts');
  const unknown = await runCli(['reward', '--model', at('classifiers/qwen2'), '--data', data, '--beta', '0.1']);
  expect(unknown.code).toBe(2);
  expect(await readdir(folder)).not.toContain('refused');
});
