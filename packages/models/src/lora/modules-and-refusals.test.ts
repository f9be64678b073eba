import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSafetensors } from '@dpo/base/safetensors';
import { testEngine } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModelFiles } from '../files/open-model-files.js';
import { loadModel } from '../model/load-model.js';
import { saveModel } from '../model/save-model.js';
import { tinyGpt2, tinyLlama } from '../test/tiny-models.js';
import { loadAdapter, saveAdapter } from './adapter-files.js';
import { addLora } from './add-lora.js';
import { mergeAdapter } from './merge-adapter.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/', import.meta.url);
const folderOf = (path: string) => fileURLToPath(new URL(path, fixtures));

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-lora-'));
});
afterAll(() => rm(scratch, { recursive: true }));

describe('modules to save', () => {
  const savedWeightsOf = async (...modulesToSave: string[]) => [
    ...((await addLora(tinyLlama(testEngine()), { rank: 1, alpha: 1, targets: ['q_proj'], modulesToSave, seed: 0 }))
      .adapter?.savedWeights ?? []),
  ];

  it('are found by the ends of their names, as in PEFT', async () => {
    expect(await savedWeightsOf('embed_tokens')).toEqual(['model.embed_tokens.weight']);
    expect(await savedWeightsOf('lm_head')).toEqual(['lm_head.weight']);
    expect(await savedWeightsOf('model.norm')).toEqual(['model.norm.weight']);
    expect(await savedWeightsOf('norm')).toHaveLength(5); // the names of the layers' norms end with it, too
    expect(await savedWeightsOf('1.mlp')).toEqual(
      ['gate', 'up', 'down'].map((part) => `model.layers.1.mlp.${part}_proj.weight`),
    );
  });

  it('have names in files and in transformers’ model', async () => {
    const { model } = await loadModel(testEngine(), folderOf('models/gpt-neox'));
    for (const module of ['embed_out', 'lm_head']) {
      const options = { rank: 1, alpha: 1, targets: ['query_key_value'], modulesToSave: [module], seed: 0 };
      const adapted = await addLora(model, options);
      expect([...(adapted.adapter?.savedWeights ?? [])]).toEqual(['embed_out.weight']);
      const folder = join(scratch, `neox-${module}`);
      await saveAdapter(adapted, folder);
      const { adapter, tensors, close } = await openModelFiles(folder);
      await close();
      expect(adapter?.config.modules_to_save).toEqual(['lm_head']);
      expect([...tensors.keys()]).toContain('base_model.model.lm_head.weight');
    }
  });

  it('that the model lacks are errors that name the nearest module', async () => {
    await expect(savedWeightsOf('lm_haed')).rejects.toMatchObject({
      code: 'lora.unknown-module',
      hint: 'Did you mean lm_head?',
    });
  });
});

describe('refused are', () => {
  let folders = 0;
  const changedFolder = async (settings: Record<string, unknown>) => {
    const folder = join(scratch, `changed-${folders++}`);
    await cp(folderOf('lora/llama'), folder, { recursive: true });
    const path = join(folder, 'adapter_config.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...settings }));
    return folder;
  };

  it('a second adapter, a senseless rank, saving an adapter of a model without one', async () => {
    const base = tinyGpt2(testEngine());
    const options = { rank: 2, alpha: 2, seed: 0 };
    const adapted = await addLora(base, options);
    await expect(addLora(adapted, options)).rejects.toMatchObject({ code: 'lora.has-adapter' });
    await expect(addLora(base, { ...options, rank: 0 })).rejects.toMatchObject({ code: 'lora.bad-rank' });
    await expect(addLora(base, { ...options, dropout: 1 })).rejects.toMatchObject({ code: 'lora.bad-dropout' });
    await expect(saveAdapter(base, scratch)).rejects.toMatchObject({ code: 'lora.no-adapter' });
    await expect(saveModel(adapted, scratch)).rejects.toMatchObject({ code: 'model.has-adapter' });
    expect(await mergeAdapter(base)).toBe(base);
  });

  it('an adapter on another model, or a model as an adapter', async () => {
    const wrong = loadAdapter(tinyLlama(testEngine()), folderOf('lora/gpt2'));
    await expect(wrong).rejects.toMatchObject({ code: 'lora.wrong-base' });
    const wider = (await loadModel(testEngine(), folderOf('models/llama-untied'))).model;
    await expect(loadAdapter(wider, folderOf('lora/llama'))).rejects.toMatchObject({ code: 'lora.wrong-base' });
    const model = loadAdapter(tinyLlama(testEngine()), folderOf('models/llama'));
    await expect(model).rejects.toMatchObject({ code: 'lora.not-an-adapter' });
  });

  it.each([
    ['peft_type', 'IA3'],
    ['bias', 'all'],
    ['lora_bias', true],
    ['init_lora_weights', 'pissa_niter_4'],
    ['target_parameters', ['experts.weight']],
    ['trainable_token_indices', [1]],
    ['modules_to_save', 'lm_head'],
    ['rank_pattern', { q_proj: 0 }],
    ['alpha_pattern', { '(': 1 }],
    ['r', '8'],
    ['r', 1.5],
    ['lora_alpha', 0],
    ['lora_dropout', 1],
  ])('an adapter with %s %j', async (key, value) => {
    const folder = await changedFolder({ [key]: value });
    await expect(loadAdapter(tinyLlama(testEngine()), folder)).rejects.toMatchObject({
      code: 'lora.unsupported',
      values: { path: folder, key },
    });
  });

  it('an adapter of the embedding or the head', async () => {
    for (const name of ['lm_head.lora_A.weight', 'model.embed_tokens.lora_embedding_A']) {
      const folder = await changedFolder({});
      const path = join(folder, 'adapter_model.safetensors');
      const weight = { name: `base_model.model.${name}`, shape: [2, 32], dtype: 'float32' as const };
      await writeSafetensors(path, [{ ...weight, data: async () => new Float32Array(64) }]);
      await expect(loadAdapter(tinyLlama(testEngine()), folder)).rejects.toMatchObject({ code: 'lora.unsupported' });
    }
  });

  it('an adapter whose weights are not finite', async () => {
    const folder = await changedFolder({});
    const path = join(folder, 'adapter_model.safetensors');
    const files = await openModelFiles(folder);
    const tensors = await Promise.all(
      [...files.tensors].map(async ([name, { shape }]) => {
        const values = await files.read(name);
        if (name.includes('0.mlp.down_proj.lora_B')) values[3] = Number.NaN;
        return { name, shape, dtype: 'float32' as const, data: async () => values };
      }),
    );
    await files.close();
    await writeSafetensors(path, tensors);
    await expect(loadAdapter(tinyLlama(testEngine()), folder)).rejects.toMatchObject({
      code: 'model.not-finite',
      values: { tensor: 'base_model.model.model.layers.0.mlp.down_proj.lora_B.weight', index: 3 },
    });
  });

  it('an adapter whose tensors are not those of its configuration', async () => {
    for (const settings of [{ use_dora: true }, { r: 3 }, { rank_pattern: { q_proj: 4 } }]) {
      const loading = loadAdapter(tinyLlama(testEngine()), await changedFolder(settings));
      await expect(loading).rejects.toMatchObject({ code: 'lora.wrong-base' });
    }
  });
});
