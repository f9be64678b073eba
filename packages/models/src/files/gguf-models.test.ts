import { fileURLToPath } from 'node:url';
import { testEngine } from '@dpo/engine/test';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../model/load-model.js';
import { fixtureExpected, fixtureFolder } from '../test/_fixtures-for-tests.js';
import { tokenLogits } from '../test/_packing-for-tests.js';
import { openModelFiles } from './open-model-files.js';

const fileOf = (name: string) =>
  fileURLToPath(new URL(`../../../../tooling/parity/fixtures/gguf_models/${name}.gguf`, import.meta.url));

/** Settings in the GGUF files. `computes`: whether a GGUF file can express all settings of the tiny model. */
const models = [
  { name: 'mistral-tied', config: { model_type: 'llama', head_dim: 6, tie_word_embeddings: true }, computes: true },
  { name: 'qwen2', config: { model_type: 'qwen2', rope_theta: 1e6, tie_word_embeddings: true }, computes: true },
  { name: 'qwen3', config: { model_type: 'qwen3', head_dim: 10, tie_word_embeddings: false }, computes: true },
  {
    name: 'gpt-neox',
    config: { model_type: 'gpt_neox', rotary_pct: 0.5, use_parallel_residual: true },
    computes: true,
  },
  {
    name: 'gemma2',
    config: {
      model_type: 'gemma2',
      head_dim: 6,
      query_pre_attn_scalar: 6,
      sliding_window: 4,
      attn_logit_softcapping: 2,
      final_logit_softcapping: 3,
      tie_word_embeddings: true,
    },
    computes: false,
  },
  {
    name: 'gemma3',
    config: {
      model_type: 'gemma3_text',
      query_pre_attn_scalar: 6,
      sliding_window: 4,
      sliding_window_pattern: 6,
      final_logit_softcapping: null,
      rope_theta: 1e6,
      rope_local_base_freq: 1e4,
      rope_scaling: { rope_type: 'linear', factor: 8 },
    },
    computes: false,
  },
] as const;

describe.each(models)('the GGUF file of $name', ({ name, config }) => {
  it('has the weights and the settings of the model', async () => {
    const [got, want] = [await openModelFiles(fileOf(name)), await openModelFiles(fixtureFolder(name))];
    expect(got.config).toMatchObject(config);
    expect([...got.tensors.keys()].sort()).toEqual([...want.tensors.keys()].sort());
    for (const [key, { shape }] of want.tensors) {
      expect(got.tensors.get(key)?.shape, key).toEqual(shape);
      const [values, expected] = [await got.read(key), await want.read(key)];
      // The file has 1 + weight of a norm, rounded to float32.
      expected.forEach((value, i) => {
        expect(Math.abs((values[i] as number) - value), key).toBeLessThanOrEqual(name.startsWith('gemma') ? 1.2e-7 : 0);
      });
    }
    await Promise.all([got.close(), want.close()]);
  });
});

describe.each(models.filter(({ computes }) => computes))('the model of the GGUF file of $name', ({ name }) => {
  it('computes the same logits', async () => {
    const { model } = await loadModel(testEngine(), fileOf(name));
    const { ids, logits } = fixtureExpected(name);
    const got = await tokenLogits(model, ids);
    const want = logits.flat();
    const size = Math.max(...want.map(Math.abs));
    want.forEach((value, i) => {
      expect(Math.abs((got[i] as number) - value) / size).toBeLessThan(1e-4);
    });
  });
});

describe.each(models.filter(({ computes }) => !computes))('the model of the GGUF file of $name', ({ name }) => {
  it('opens as a model', async () => {
    const { model } = await loadModel(testEngine(), fileOf(name));
    expect((await tokenLogits(model, [1, 2, 3])).every(Number.isFinite)).toBe(true);
  });
});
