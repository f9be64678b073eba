import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TensorToWrite, writeSafetensors } from '@dpo/base/safetensors';
import { testEngine } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { supportedArchitectures } from '../architectures/registry.js';
import { tokenLogits } from '../test/_packing-for-tests.js';
import { tinyGpt2, tinyLlama } from '../test/tiny-models.js';
import { tinyTokenizer } from '../test/tiny-tokenizer.js';
import { cloneModel } from './clone-model.js';
import { createModel } from './create-model.js';
import { loadModel } from './load-model.js';
import { modelCard } from './model-card.js';
import { saveModel } from './save-model.js';
import type { LanguageModel } from './types.js';

let scratch: string;
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-load-'));
});
afterAll(() => rm(scratch, { recursive: true }));

type Change = (tensors: Map<string, TensorToWrite>) => void;

/** A folder of the model with other tensors and another configuration. */
async function changedFolder(
  model: LanguageModel,
  change: Change = () => undefined,
  config: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const folder = join(scratch, String(count++));
  await saveModel(model, folder);
  const tensors = new Map(
    [...model.weights].map(([name, variable]) => [name, tensor(name, variable.shape, () => variable.read())]),
  );
  change(tensors);
  await writeSafetensors(join(folder, 'model.safetensors'), tensors.values());
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...model.config.raw, ...config }));
  return folder;
}

function tensor(name: string, shape: readonly number[], data?: () => Promise<Float32Array>): TensorToWrite {
  const zeros = async () => new Float32Array(shape.reduce((a, b) => a * b, 1));
  return { name, shape, dtype: 'float32', data: data ?? zeros };
}

const gpt2 = () => tinyGpt2(testEngine());
const llama = () => tinyLlama(testEngine());
const load = (folder: string) => loadModel(testEngine(), folder);
const ids = [1, 5, 9];

describe('tensors under other names', () => {
  it('of a bare decoder, without the prefix', async () => {
    for (const model of [gpt2(), llama()]) {
      const folder = await changedFolder(model, (tensors) => {
        for (const [name, entry] of [...tensors]) {
          tensors.delete(name);
          tensors.set(name, { ...entry, name: name.replace(/^(transformer|model)\./, '') });
        }
      });
      const { model: loaded } = await load(folder);
      expect([...loaded.weights.keys()]).toEqual([...model.weights.keys()]);
      expect(await tokenLogits(loaded, ids)).toEqual(await tokenLogits(model, ids));
    }
  });

  it('that are constants are ignored', async () => {
    const masks = await changedFolder(gpt2(), (tensors) => {
      for (const name of ['transformer.h.0.attn.bias', 'transformer.h.1.attn.masked_bias'])
        tensors.set(name, tensor(name, [2]));
    });
    await load(masks);
    const frequencies = await changedFolder(llama(), (tensors) => {
      const name = 'model.layers.0.self_attn.rotary_emb.inv_freq';
      tensors.set(name, tensor(name, [4]));
    });
    await load(frequencies);
  });
});

describe('errors name file and tensor', () => {
  const weight = 'transformer.h.1.mlp.c_fc.weight';
  const mistakes: readonly (readonly [code: string, what: string, change: Change])[] = [
    ['model.missing-tensor', weight, (tensors) => tensors.delete(weight)],
    ['model.extra-tensor', 'cross.weight', (tensors) => tensors.set('cross', tensor('cross.weight', [1, 32]))],
    ['model.wrong-shape', weight, (tensors) => tensors.set(weight, tensor(weight, [128, 32]))],
    [
      'model.not-finite',
      weight,
      (tensors) =>
        tensors.set(
          weight,
          tensor(weight, [32, 128], async () => new Float32Array(4096).fill(Number.NaN, 7)),
        ),
    ],
    [
      'model.not-finite',
      'element 4095 is -Infinity',
      (tensors) =>
        tensors.set(
          weight,
          tensor(weight, [32, 128], async () => new Float32Array(4096).fill(-1 / 0, 4095)),
        ),
    ],
  ];
  it.each(mistakes)('%s: %s', async (code, what, change) => {
    const folder = await changedFolder(gpt2(), change);
    const error = await load(folder).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, message: expect.stringContaining(what) });
    expect((error as Error).message).toContain(folder);
  });

  it('can ignore extra tensors', async () => {
    const folder = await changedFolder(gpt2(), (tensors) => tensors.set('score', tensor('score.weight', [1, 32])));
    await loadModel(testEngine(), folder, { extraTensors: 'ignore' });
  });

  it.each([
    ['model.unsupported-architecture', supportedArchitectures.join(', '), { model_type: 'mamba' }],
    ['model.unsupported-architecture', 'missing', { model_type: undefined }],
    ['model.bad-config', '"n_layer" must be a whole number above 0, not "2"', { n_layer: '2' }],
    ['model.bad-config', '"n_embd" must be a multiple of "n_head" (5)', { n_head: 5 }],
    ['model.unsupported-config', '"activation_function": "relu"', { activation_function: 'relu' }],
    ['model.unsupported-config', 'scale_attn_by_inverse_layer_idx', { scale_attn_by_inverse_layer_idx: true }],
  ])('%s: %s', async (code, what, config) => {
    const folder = await changedFolder(gpt2(), undefined, config);
    await expect(load(folder)).rejects.toMatchObject({ code, message: expect.stringContaining(what) });
  });

  it.each([
    [
      'model.unsupported-config',
      '"rope_type": "proportional"',
      { rope_parameters: { rope_type: 'proportional', factor: 2 } },
    ],
    ['model.bad-config', '"factor" must be a number above 0', { rope_scaling: { type: 'linear' } }],
    [
      'model.unsupported-config',
      'partial_rotary_factor',
      { rope_parameters: { rope_type: 'linear', factor: 2, partial_rotary_factor: 0.5 } },
    ],
    ['model.bad-config', '"rope_scaling" must be an object', { rope_scaling: 4 }],
    ['model.bad-config', '"num_attention_heads" must be a multiple', { num_key_value_heads: 3 }],
    ['model.unsupported-config', '"head_dim": 7', { head_dim: 7 }],
    ['model.not-a-language-model', 'lm_head.weight', { tie_word_embeddings: false }],
  ])('%s: %s', async (code, what, config) => {
    const folder = await changedFolder(llama(), undefined, config);
    await expect(load(folder)).rejects.toMatchObject({ code, message: expect.stringContaining(what) });
  });

  it('an adapter instead of a model', async () => {
    const folder = fileURLToPath(new URL('../../../../tooling/parity/fixtures/lora/gpt2', import.meta.url));
    await expect(load(folder)).rejects.toMatchObject({
      code: 'model.adapter',
      hint: expect.stringContaining('../models/gpt2'),
    });
  });
});

describe('tokenizer files', () => {
  it('come through unchanged, with the tokenizer', async () => {
    const { files } = tinyTokenizer();
    const [one, two] = [join(scratch, 'with-tokenizer'), join(scratch, 'again')];
    await saveModel(tinyGpt2(testEngine(), { vocabSize: 257 }), one, { source: { tokenizerFiles: files } });
    const { model, tokenizer, source } = await load(one);
    expect(tokenizer?.encode('hi')).toEqual([104, 105]);
    await saveModel(model, two, { source });
    for (const [name, text] of Object.entries(files)) expect(await readFile(join(two, name), 'utf8')).toBe(text);
    expect((await readdir(two)).sort()).toEqual(['config.json', 'model.safetensors', ...Object.keys(files)].sort());
  });

  it('and the other files beside weights come through byte for byte', async () => {
    const [one, two] = [join(scratch, 'with-more'), join(scratch, 'with-more-again')];
    const texts = {
      ...tinyTokenizer().files,
      'generation_config.json': '{"top_p":0.90}',
      'chat_template.jinja': '{{ 1 }}\r\n',
      'additional_chat_templates/tool_use.jinja': '{{ 2 }}',
    };
    const bytes = Uint8Array.from({ length: 500 }, (_, i) => (i * 37) % 256);
    await saveModel(tinyGpt2(testEngine(), { vocabSize: 257 }), one, { source: { tokenizerFiles: texts } });
    await writeFile(join(one, 'tokenizer.model'), bytes);
    const { model, source, tokenizer } = await load(one);
    expect(tokenizer?.chat?.prompt([{ role: 'user', content: '' }], { tools: [] })).toBe('2');
    await saveModel(model, two, { source, card: modelCard({ name: 'again' }) });
    await saveModel(model, one, { source });
    for (const folder of [one, two]) {
      for (const [name, text] of Object.entries(texts)) expect(await readFile(join(folder, name), 'utf8')).toBe(text);
      expect(new Uint8Array(await readFile(join(folder, 'tokenizer.model')))).toEqual(bytes);
    }
    expect(await readFile(join(two, 'README.md'), 'utf8')).toContain('# again');
  });

  it('may have more tokens than the model’s embedding', async () => {
    const folder = join(scratch, 'small');
    const model = gpt2();
    await saveModel(model, folder, { source: { tokenizerFiles: tinyTokenizer().files } });
    const { tokenizer } = await load(folder);
    expect(tokenizer?.vocabSize).toBeGreaterThan(model.vocabSize);
    expect(tokenizer?.embeddingRows).toBe(model.vocabSize);
  });
});

describe('a saved model', () => {
  it('is divided above a size, and replaces an earlier model in the folder', async () => {
    const folder = join(scratch, 'divided');
    const model = llama();
    const before = await tokenLogits(model, ids);
    for (const [maxShardBytes, files] of [
      [undefined, 1],
      [20_000, 4],
      [40_000, 2],
      [undefined, 1],
    ] as const) {
      await saveModel(model, folder, { maxShardBytes });
      const weights = (await readdir(folder)).filter((name) => name.startsWith('model'));
      expect(weights.filter((name) => name.endsWith('.safetensors'))).toHaveLength(files);
      expect(weights.includes('model.safetensors.index.json')).toBe(files > 1);
      expect(await tokenLogits((await load(folder)).model, ids)).toEqual(before);
    }
  });
});

describe('a model', () => {
  it('is loaded with progress, one weight at a time', async () => {
    const reports: [number, number][] = [];
    const folder = await changedFolder(llama());
    await loadModel(testEngine(), folder, { onProgress: (bytes, total) => reports.push([bytes, total]) });
    expect(reports).toHaveLength(llama().weights.size);
    const [bytes, total] = reports.at(-1) ?? [];
    expect(bytes).toBe(total);
    expect(reports.every(([at], i) => i === 0 || at > (reports[i - 1]?.[0] as number))).toBe(true);
  });

  it('has a clone that stays when it changes, and is not freed with it', async () => {
    const model = llama();
    const clone = await cloneModel(model);
    const before = await tokenLogits(model, ids);
    const norm = model.variable('model.norm.weight');
    norm.write((await norm.read()).map((value) => 2 * value));
    expect(await tokenLogits(model, ids)).not.toEqual(before);
    model.dispose();
    expect(await tokenLogits(clone, ids)).toEqual(before);
    await expect(tokenLogits(model, ids)).rejects.toMatchObject({ code: 'engine.disposed' });
  });

  it('that is new depends on the seed alone', async () => {
    const make = (seed: number) => tokenLogits(tinyGpt2(testEngine(), { seed }), ids);
    expect(await make(3)).toEqual(await make(3));
    expect(await make(3)).not.toEqual(await make(4));
  });

  it('that is new is initialised as in transformers', async () => {
    const config = { model_type: 'gpt2', vocab_size: 500, n_embd: 64, n_layer: 2, n_head: 2, n_positions: 64 };
    const model = createModel(testEngine(), config, { seed: 1 });
    const deviation = async (name: string) => {
      const values = await model.variable(name).read();
      return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    };
    expect(await deviation('transformer.wte.weight')).toBeCloseTo(0.02, 3);
    expect(await deviation('transformer.h.0.mlp.c_fc.weight')).toBeCloseTo(0.02, 3);
    expect(await deviation('transformer.h.0.mlp.c_proj.weight')).toBeCloseTo(0.01, 3); // 0.02 / √(2 · 2)
    expect(await deviation('transformer.ln_f.weight')).toBe(1);
    expect(await deviation('transformer.ln_f.bias')).toBe(0);
    expect(() => model.variable('transformer.wte')).toThrow(expect.objectContaining({ code: 'model.unknown-tensor' }));
  });

  it('is the same from a copy of its folder', async () => {
    const folder = await changedFolder(llama());
    const copy = join(scratch, 'copy');
    await cp(folder, copy, { recursive: true });
    const [a, b] = [await load(folder), await load(copy)];
    expect(await tokenLogits(a.model, ids)).toEqual(await tokenLogits(b.model, ids));
  });
});
