import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@dpo/base/safetensors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tinyTokenizer } from '../test/index.js';
import { isAdapterFolder, openModelFiles } from './open-model-files.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const weight = { name: 'w', shape: [2], dtype: 'float32' as const, data: async () => Float32Array.of(1, 2) };

const withWeights = (text: string) => ({ 'config.json': '{}', 'model.safetensors': text });

describe('openModelFiles', () => {
  it('opens a Hugging Face folder', async () => {
    await writeFile(join(folder, 'config.json'), '{"model_type":"gpt2"}');
    await writeSafetensors(join(folder, 'model.safetensors'), [weight]);
    for (const [name, text] of Object.entries(tinyTokenizer().files)) await writeFile(join(folder, name), text);
    const model = await openModelFiles(folder);
    expect(model).toMatchObject({ path: folder, format: 'safetensors', config: { model_type: 'gpt2' } });
    expect(model.tokenizerFiles).toEqual(tinyTokenizer().files);
    expect(model.adapter).toBeUndefined();
    expect([...(await model.read('w'))]).toEqual([1, 2]);
    await model.close();
  });

  it('recognises an adapter by its file names, and not a merged model that still has an adapter’s configuration', async () => {
    await writeFile(join(folder, 'adapter_config.json'), '{');
    expect(await isAdapterFolder(folder)).toBe(true);
    await writeFile(join(folder, 'model.safetensors'), '');
    expect(await isAdapterFolder(folder)).toBe(false);
    expect(await isAdapterFolder(join(folder, 'model.safetensors'))).toBe(false);
    expect(await isAdapterFolder(join(folder, 'none'))).toBe(false);
  });

  it('opens an adapter', async () => {
    await writeFile(join(folder, 'adapter_config.json'), '{"peft_type":"LORA"}');
    await writeSafetensors(join(folder, 'adapter_model.safetensors'), [weight]);
    const model = await openModelFiles(folder);
    expect(model.adapter).toEqual({ config: { peft_type: 'LORA' } });
    expect([...model.tensors.keys()]).toEqual(['w']);
    await model.close();
  });

  it.each<[string, Record<string, string>, string, string]>([
    ['an empty folder', {}, 'model.no-config', 'config.json'],
    ['a broken config', { 'config.json': '{', 'model.safetensors': '' }, 'model.bad-safetensors', 'model.safetensors'],
    ['no weights', { 'config.json': '{}' }, 'model.no-weights', 'model.safetensors'],
    ['only pickles', { 'config.json': '{}', 'pytorch_model.bin': 'x' }, 'model.pickle', 'pytorch_model.bin'],
    ['pickled parts', { 'config.json': '{}', 'pytorch_model.bin.index.json': '{}' }, 'model.pickle', 'pytorch_model'],
    [
      'a pickled checkpoint',
      { 'config.json': '{}', 'consolidated.00.pth': 'x' },
      'model.pickle',
      'consolidated.00.pth',
    ],
    [
      'a pickled adapter',
      { 'adapter_config.json': '{}', 'adapter_model.bin': 'x' },
      'model.pickle',
      'adapter_model.bin',
    ],
    ['a pickle by another name', withWeights('PK\u0003\u0004...'), 'model.pickle', 'model.safetensors'],
    [
      'weights that Git has not downloaded',
      withWeights('version https://git-lfs.github.com/spec/v1\noid'),
      'model.lfs-pointer',
      'model.safetensors',
    ],
    [
      'a GGUF file that Git has not downloaded',
      { 'a.gguf': 'version https://git-lfs.github.com/spec/v1' },
      'model.lfs-pointer',
      'a.gguf',
    ],
    ['several GGUF files', { 'a.gguf': '', 'b.gguf': '' }, 'model.ambiguous', 'a.gguf, b.gguf'],
  ])('refuses %s', async (_, files, code, file) => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await expect(openModelFiles(folder)).rejects.toMatchObject({ code, message: expect.stringContaining(file) });
  });

  it('refuses a path to nothing, and a file of another format', async () => {
    await expect(openModelFiles(join(folder, 'none'))).rejects.toMatchObject({ code: 'model.not-found' });
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'weights.npz'), 'x');
    await expect(openModelFiles(join(folder, 'weights.npz'))).rejects.toMatchObject({ code: 'model.unknown-format' });
  });

  it('says how to convert a pickle', async () => {
    await writeFile(join(folder, 'config.json'), '{}');
    await writeFile(join(folder, 'pytorch_model.bin'), 'x');
    for (const path of [folder, join(folder, 'pytorch_model.bin')])
      await expect(openModelFiles(path)).rejects.toMatchObject({ hint: expect.stringContaining('save_pretrained') });
    await writeFile(join(folder, 'config.json'), '{"architectures":["RobertaForSequenceClassification"]}');
    const hint = expect.stringContaining('AutoModelForSequenceClassification');
    await expect(openModelFiles(folder)).rejects.toMatchObject({ hint });
    await rm(join(folder, 'pytorch_model.bin'));
    await writeFile(join(folder, 'adapter_model.bin'), 'x');
    await expect(openModelFiles(folder)).rejects.toMatchObject({ hint: expect.stringContaining('save_file') });
  });
});
