import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLibrary } from '@dpo/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

const library = await findLibrary();

let folder: string;
let common: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-compiled-'));
  const [model, data] = [await tinyModelFolder(join(folder, 'model')), await pairsFile(folder)];
  common = ['train', '--model', model, '--data', data, '--engine', 'tensorflow', '--threads', '1', '--no-tensorboard'];
  common.push('--batch-size', '4', '--learning-rate', '0.01', '--max-steps', '6', '--optimizer', 'adamw');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

describe.runIf(library !== undefined)('dpo train on TensorFlow, one thread', () => {
  it.each([
    ['all weights', 'model.safetensors', []],
    ['an adapter', 'adapter_model.safetensors', ['--lora-rank', '2']],
  ])('3 steps and 3 resumed are 6 steps, byte for byte: %s', async (name, file, more) => {
    const run = [...common, ...more];
    const [whole, halves] = [at(`${name}-whole`), at(`${name}-halves`)];
    expect((await runCli([...run, '--output', whole])).code).toBe(0);
    const first = await runCli([...run, '--output', halves], (line, stop) => {
      if (line.startsWith('step 3/')) stop();
    });
    expect(first.code).toBe(130);
    const weights = (folder: string) => readFile(join(folder, file));
    const halfway = await weights(join(halves, 'checkpoint-3'));
    expect((await runCli([...run, '--output', halves, '--resume'])).code).toBe(0);
    const final = await weights(join(halves, 'final'));
    expect(final.equals(await weights(join(whole, 'final')))).toBe(true);
    expect(final.equals(halfway)).toBe(false);
  });
});
