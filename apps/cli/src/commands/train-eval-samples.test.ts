import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let common: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-samples-'));
  const [model, data] = [await tinyModelFolder(join(folder, 'model')), await pairsFile(folder)];
  common = ['train', '--model', model, '--data', data, '--engine', 'cpu', '--batch-size', '4', '--max-steps', '2'];
  common.push('--output', join(folder, 'run'), '--eval-samples', '3', '--eval-sample-tokens', '5');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const evaluate = () => ['--eval-data', join(folder, 'pairs.jsonl'), '--eval-steps', '1'];
const records = async () =>
  (await readFile(join(folder, 'run/metrics.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);

it.each([[[]], [['--lora-rank', '2']]])('measures the KL to the reference on drawn answers %j', async (more) => {
  const progress: string[] = [];
  const still = ['--learning-rate', '1e-12', '--overwrite'];
  expect((await runCli([...common, ...evaluate(), ...still, ...more])).code).toBe(0);
  // A policy that is its reference is 0 nats away from it.
  for (const record of await records()) expect(Math.abs(record.eval_kl as number)).toBeLessThan(1e-4);
  const far = ['--learning-rate', '0.3', '--overwrite'];
  expect((await runCli([...common, ...evaluate(), ...far, ...more], (line) => progress.push(line))).code).toBe(0);
  const last = (await records()).at(-1);
  expect(last?.eval_kl).toBeGreaterThan(0.1);
  expect(last?.eval_kl_error).toBeGreaterThan(0);
  expect(progress.at(-1)).toContain('KL ');
  const events = (await readdir(join(folder, 'run'))).find((name) => name.startsWith('events.'));
  expect((await readFile(join(folder, 'run', events ?? ''))).includes('samples')).toBe(true);
});

it('asks for held-out data and a reference that is a model', async () => {
  for (const more of [[], [...evaluate(), '--precompute-reference']]) {
    const { code, notes } = await runCli([...common, ...more]);
    expect(code).toBe(2);
    expect(notes.join('\n')).toContain('--eval-samples needs --eval-data');
  }
});
