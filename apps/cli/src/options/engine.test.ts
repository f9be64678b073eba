import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineSettings } from '@dpo/run/command-line';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let common: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-engine-options-'));
  const model = await tinyModelFolder(join(folder, 'model'));
  const data = await pairsFile(folder);
  common = ['train', '--model', model, '--data', data, '--batch-size', '4', '--max-steps', '2', '--engine', 'cpu'];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (name: string, ...args: string[]) => runCli([...common, '--output', join(folder, name), ...args]);
const norms = async (name: string) =>
  (await readFile(join(folder, name, 'metrics.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly grad_norm: number }).grad_norm);

it('trains to the same numbers with activation checkpointing', async () => {
  expect((await run('plain')).code).toBe(0);
  expect((await run('recomputed', '--activation-checkpointing')).code).toBe(0);
  const [plain, withRecomputation] = [await norms('plain'), await norms('recomputed')];
  expect(withRecomputation).toHaveLength(2);
  withRecomputation.forEach((norm, i) => {
    expect(norm).toBeGreaterThan(0);
    expect(norm / (plain[i] as number)).toBeCloseTo(1, 4);
  });
});

it('refuses to train when the device that the user asked for is missing', async () => {
  const { code, notes } = await run('gpu', '--device', 'gpu');
  expect(code).toBe(1);
  expect(notes.join('\n')).toContain('gpu was asked for');
  expect((await run('tpu', '--device', 'tpu')).code).toBe(2);
  expect((await run('none', '--memory-limit', '0')).code).toBe(2);
});

it('takes memory in GiB', () => {
  const options = { engine: 'auto', precision: 'float32', memoryLimit: 1.5, device: 'gpu:1' } as const;
  expect(engineSettings(options)).toMatchObject({ kind: 'auto', device: 'gpu:1', memoryLimit: 1.5 * 2 ** 30 });
});
