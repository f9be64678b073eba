import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLibrary } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { loadModel, saveModel } from '@dpo/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

const library = await findLibrary();
let folder: string;
let common: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-base-dtype-'));
  const exact = await tinyModelFolder(join(folder, 'float32'));
  const { model, source } = await loadModel(testEngine(), exact);
  await saveModel(model, join(folder, 'published'), { source, dtype: 'bfloat16' });
  model.dispose();
  common = ['train', '--data', await pairsFile(folder), '--no-tensorboard', '--batch-size', '2', '--max-steps', '2'];
  common.push('--learning-rate', '0.01', '--threads', '1');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Trains, and returns the notes, the run's facts about its model, and the bytes of the trained weights. */
async function train(name: string, ...options: string[]) {
  const output = join(folder, name);
  const { code, notes } = await runCli([...common, '--output', output, ...options]);
  expect(code, notes.join('\n')).toBe(0);
  const config = JSON.parse(await readFile(join(output, 'config.json'), 'utf8')) as {
    readonly model: Readonly<Record<string, unknown>>;
    readonly options: Readonly<Record<string, unknown>>;
  };
  const file = options.includes('--lora-rank') ? 'adapter_model.safetensors' : 'model.safetensors';
  const weights = await readFile(join(output, 'final', file));
  return { notes: notes.join('\n'), model: config.model, options: config.options, weights };
}

const published = () => ['--model', join(folder, 'published')];

describe.runIf(library !== undefined)('--base-dtype on TensorFlow', () => {
  const tensorflow = ['--engine', 'tensorflow'];

  it('stores a base that was published in bfloat16 so, and trains the same adapter', async () => {
    const lora = [...tensorflow, ...published(), '--lora-rank', '2'];
    const plain = await train('plain', ...lora, '--base-dtype', 'float32');
    const auto = await train('auto', ...lora);
    expect(auto.weights.equals(plain.weights)).toBe(true);
    expect([plain.model.baseDtype, auto.model.baseDtype]).toEqual(['float32', 'mixed']);
    expect([plain.options.baseDtype, auto.options.baseDtype]).toEqual(['float32', 'auto']);
    expect(plain.notes).not.toContain('bfloat16');
    expect(auto.notes).toMatch(/published is partly frozen in bfloat16 \(\S+ GB, not \S+\), which loses nothing\./);
  });

  it('stores a reference so, and trains the same weights', async () => {
    const all = [...tensorflow, ...published()];
    const plain = await train('plain-all', ...all, '--base-dtype', 'float32');
    const auto = await train('auto-all', ...all);
    expect(auto.weights.equals(plain.weights)).toBe(true);
    expect(auto.model).not.toHaveProperty('baseDtype');
    expect(auto.notes).toContain('The reference is partly frozen in bfloat16');
    const byName = await train('named', ...all, '--ref', join(folder, 'published'));
    expect(byName.weights.equals(plain.weights)).toBe(true);
    expect(byName.notes).toContain('published is partly frozen in bfloat16');
  });

  it('says what rounding loses that was asked for', async () => {
    const wide = [...tensorflow, '--model', join(folder, 'float32'), '--lora-rank', '2'];
    const auto = await train('wide-auto', ...wide);
    expect([auto.model.baseDtype, auto.notes.includes('bfloat16')]).toEqual(['float32', false]);
    const { model, notes } = await train('wide', ...wide, '--base-dtype', 'bfloat16');
    // Under float32 products, the matrix of the logits stays in float32.
    expect(model.baseDtype).toBe('mixed');
    // Rounding to 8 bits changes numbers by up to 2⁻⁹ of their size, and by 0.17 % in the mean square.
    expect(notes).toMatch(
      /which loses: \d+ matrices with [\d,]+ numbers are rounded, by 0\.1[67] % \(root mean square\)/,
    );
  });
});

it('--base-dtype changes nothing on the portable engine, which says so', async () => {
  const lora = ['--engine', 'cpu', ...published(), '--lora-rank', '2'];
  const plain = await train('portable', ...lora);
  const onPortable = await train('portable-asked', ...lora, '--base-dtype', 'bfloat16');
  expect(onPortable.weights.equals(plain.weights)).toBe(true);
  expect(onPortable.model.baseDtype).toBe('float32');
  expect(onPortable.notes).toContain("published is stored in float32: only TensorFlow's engine stores bfloat16.");
  expect(plain.notes).not.toContain('bfloat16');
});
