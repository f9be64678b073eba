import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TensorToWrite, writeSafetensors } from '@dpo/base/safetensors';
import { testEngine } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModelFiles } from '../files/open-model-files.js';
import { loadModel } from '../model/load-model.js';
import { tokenLogits } from '../test/_packing-for-tests.js';
import { loadAdapter } from './adapter-files.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/', import.meta.url);
const folderOf = (path: string) => fileURLToPath(new URL(path, fixtures));

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-names-'));
});
afterAll(() => rm(scratch, { recursive: true }));

type Resize = (name: string, shape: readonly number[]) => readonly number[];

/** A copy of an adapter that PEFT wrote, with other names and other shapes of its tensors. */
async function changedFolder(name: string, rename: (tensor: string) => string, resize: Resize = (_, shape) => shape) {
  const folder = await mkdtemp(join(scratch, 'adapter-'));
  const files = await openModelFiles(folderOf(`lora/${name}`));
  const tensors = [...files.tensors].map(([tensor, { shape }]): TensorToWrite => {
    const newShape = resize(tensor, shape);
    const size = newShape.reduce((a, b) => a * b, 1);
    const data = async () => {
      const values = new Float32Array(size);
      values.set((await files.read(tensor)).subarray(0, size));
      return values;
    };
    return { name: rename(tensor), shape: newShape, dtype: 'float32', data };
  });
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  await writeFile(join(folder, 'adapter_config.json'), JSON.stringify(files.adapter?.config));
  await files.close();
  return folder;
}

const load = async (base: string, folder: string) =>
  loadAdapter((await loadModel(testEngine(), folderOf(`models/${base}`))).model, folder);

it.each([
  ['llama', 'llama', (name: string) => name.replace(/(lora_[AB])/, '$1.default')],
  ['gpt2-dora', 'gpt2', (name: string) => name.replace(/(lora_(?:[AB]|magnitude_vector))/, '$1.default')],
  ['llama-saved', 'llama', (name: string) => name.replace('lm_head.', 'lm_head.modules_to_save.default.')],
])('the adapter called default is read with its name: %s', async (name, base, rename) => {
  const { ids, logits } = JSON.parse(readFileSync(new URL(`lora/${name}/expected.json`, fixtures), 'utf8')) as {
    ids: number[];
    logits: number[][];
  };
  const got = await tokenLogits(await load(base, await changedFolder(name, rename)), ids);
  const want = logits.flat();
  const size = Math.max(...want.map(Math.abs));
  expect(Math.max(...want.map((value, i) => Math.abs(value - (got[i] as number)))) / size).toBeLessThan(1e-4);
});

describe('tensors that PEFT ignores are refused for their names, not for their model', () => {
  it.each([
    ['no prefix', '"base_model.model." before every name', (name: string) => name.replace('base_model.model.', '')],
    ['another adapter', 'called "policy"', (name: string) => name.replace(/(lora_[AB])/, '$1.policy')],
    ['another program', 'calls them lora_A and lora_B', (name: string) => name.replace('lora_A', 'lora_down')],
  ])('%s', async (_, text, rename) => {
    await expect(load('llama', await changedFolder('llama', rename))).rejects.toMatchObject({
      code: 'lora.unknown-names',
      message: expect.stringContaining(text),
    });
  });
});

it('an adapter of a resized vocabulary says both sizes and what to do', async () => {
  const more: Resize = (name, shape) => (name.endsWith('lm_head.weight') ? [98, ...shape.slice(1)] : shape);
  await expect(load('llama', await changedFolder('llama-saved', (name) => name, more))).rejects.toMatchObject({
    code: 'lora.resized-vocabulary',
    message: expect.stringContaining('has 98 rows, one to a token, and the base model 96'),
    hint: expect.stringContaining('resize_token_embeddings(98)'),
  });
});

it('an adapted head is an error of its own, when its base weight is beside the factors', async () => {
  const folder = await changedFolder('llama-saved', (name) =>
    name.replace('lm_head.weight', 'lm_head.base_layer.weight'),
  );
  await expect(load('llama', folder)).rejects.toMatchObject({
    code: 'lora.unsupported',
    message: expect.stringContaining('the head among "target_modules"'),
  });
});

it('an adapter of MLX is an error of its own', async () => {
  const folder = await mkdtemp(join(scratch, 'mlx-'));
  const factor: TensorToWrite = {
    name: 'model.layers.0.self_attn.q_proj.lora_a',
    shape: [2, 1],
    dtype: 'float32',
    data: async () => new Float32Array(2),
  };
  await writeSafetensors(join(folder, 'adapters.safetensors'), [factor]);
  await writeFile(join(folder, 'adapter_config.json'), '{"fine_tune_type":"lora","lora_parameters":{"rank":2}}');
  await expect(openModelFiles(folder)).rejects.toMatchObject({
    code: 'lora.not-peft',
    message: expect.stringContaining('adapters.safetensors'),
    hint: expect.stringContaining('mlx_lm.fuse'),
  });
});
