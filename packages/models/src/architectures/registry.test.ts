import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testEngine } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModel } from '../model/create-model.js';
import { languageModel } from '../model/language-model.js';
import { loadModel } from '../model/load-model.js';
import { fixtureExpected, fixtureFolder } from '../test/_fixtures-for-tests.js';
import { tokenLogits } from '../test/_packing-for-tests.js';
import { decoderFor, supportedArchitectures } from './registry.js';

type Config = Record<string, unknown>;
const configOf = (name: string): Config =>
  JSON.parse(readFileSync(join(fixtureFolder(name), 'config.json'), 'utf8')) as Config;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-architectures-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** Configurations as transformers wrote them before version 5, and as many models on the hub have them. */
const older: readonly (readonly [name: string, without: readonly string[], settings: Config])[] = [
  ['llama', ['rope_parameters', 'head_dim'], { rope_theta: 10000, rope_scaling: null, torch_dtype: 'bfloat16' }],
  ['llama-linear', ['rope_parameters'], { rope_scaling: { type: 'linear', factor: 4 } }],
  ['llama-dynamic', ['rope_parameters'], { rope_scaling: { type: 'dynamic', factor: 4 } }],
  ['mistral', ['rope_parameters', 'head_dim'], { rope_theta: 10000 }],
  ['qwen2', ['rope_parameters', 'layer_types', 'sliding_window'], { rope_theta: 1000000, sliding_window: 2 }],
  ['qwen2-window', ['rope_parameters', 'layer_types'], { rope_theta: 10000 }],
  [
    'qwen2-yarn',
    ['rope_parameters'],
    { rope_theta: 100, rope_scaling: { type: 'yarn', factor: 4, original_max_position_embeddings: 16 } },
  ],
  ['phi3', ['rope_parameters'], { rope_theta: 10000, partial_rotary_factor: 0.5 }],
  [
    'phi3-longrope',
    ['rope_parameters'],
    { rope_theta: 10000, rope_scaling: { type: 'su', short_factor: [1, 1.5], long_factor: [2, 5] } },
  ],
  ['gpt-neox', ['rope_parameters', 'attention_bias'], { rotary_pct: 0.5, rotary_emb_base: 10000 }],
  ['gemma2', ['rope_parameters', 'layer_types'], { hidden_act: 'gelu_pytorch_tanh', rope_theta: 10000 }],
  [
    'gemma3',
    ['rope_parameters', 'layer_types', '_sliding_window_pattern'],
    {
      rope_theta: 1000000,
      rope_local_base_freq: 10000,
      rope_scaling: { rope_type: 'linear', factor: 8 },
      layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'],
    },
  ],
];

describe('configurations of earlier versions give the same logits', () => {
  it.each(older)('%s', async (name, without, settings) => {
    const folder = join(scratch, name);
    await cp(fixtureFolder(name), folder, { recursive: true });
    const others = Object.entries(configOf(name)).filter(([key]) => !without.includes(key));
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...Object.fromEntries(others), ...settings }));
    const { model } = await loadModel(testEngine(), folder);
    const { ids, logits } = fixtureExpected(name);
    const got = await tokenLogits(model, ids);
    const want = logits.flat();
    const size = Math.max(...want.map(Math.abs));
    want.forEach((value, i) => {
      expect(Math.abs((got[i] as number) - value) / size).toBeLessThan(1e-4);
    });
  });
});

describe('which layers have a window when the configuration does not name them', () => {
  it.each([
    ['gemma3_text', { num_hidden_layers: 12 }, [7, 7, 7, 7, 7, 0, 7, 7, 7, 7, 7, 0]],
    ['gemma3_text', { num_hidden_layers: 4, sliding_window_pattern: 2 }, [7, 0, 7, 0]],
    ['gemma2', { num_hidden_layers: 5 }, [7, 0, 7, 0, 7]],
    ['mistral', { num_hidden_layers: 3 }, [7, 7, 7]],
    ['phi3', { num_hidden_layers: 2 }, [7, 7]],
    ['smollm3', { num_hidden_layers: 5, use_sliding_window: true }, [0, 0, 0, 7, 0]],
    ['qwen2', { num_hidden_layers: 3 }, [0, 0, 0]],
    ['qwen2', { num_hidden_layers: 4, use_sliding_window: true, max_window_layers: 2 }, [0, 0, 7, 7]],
  ])('%s %j', async (model_type, settings, windows) => {
    const sizes = {
      vocab_size: 5,
      hidden_size: 8,
      intermediate_size: 8,
      num_attention_heads: 2,
      num_key_value_heads: 2,
    };
    const model = createModel(
      testEngine(),
      { model_type, ...sizes, head_dim: 4, sliding_window: 7, ...settings },
      { seed: 1 },
    );
    const windowOfLayer: number[] = [];
    const recording = languageModel(
      model.engine,
      {
        ...model.decoder,
        hidden: (tokens, computation) =>
          model.decoder.hidden(tokens, {
            ...computation,
            attend(layer, q, k, v, attention) {
              windowOfLayer.push(attention?.window ?? 0);
              return computation.attend(layer, q, k, v, attention);
            },
          }),
      },
      model.weights,
    );
    await tokenLogits(recording, [1, 2]);
    expect(windowOfLayer).toEqual(windows);
  });
});

describe('settings that are not computed are refused', () => {
  it.each([
    ['qwen2', '"rope_type": "proportional"', { rope_parameters: { rope_type: 'proportional', factor: 4 } }],
    [
      'llama',
      '"partial_rotary_factor": 0.5',
      { rope_parameters: { rope_type: 'linear', factor: 2, partial_rotary_factor: 0.5 } },
    ],
    ['mistral', '"hidden_act": "gelu"', { hidden_act: 'gelu' }],
    [
      'qwen3',
      '"layer_types": "chunked_attention"',
      { layer_types: ['chunked_attention', 'full_attention', 'full_attention'] },
    ],
    ['gptj', '"rotary_dim": 10', { rotary_dim: 10 }],
    ['smollm3', '"no_rope_layers": 2', { no_rope_layers: [1, 2, 1] }],
    ['gpt-neox', 'an even number of rotated dimensions', { rope_parameters: { partial_rotary_factor: 0.4 } }],
    ['gpt-neox', '"hidden_act": "relu"', { hidden_act: 'relu' }],
    ['gemma2', '"use_bidirectional_attention": true', { use_bidirectional_attention: true }],
    ['gemma3', '"hidden_activation": "silu"', { hidden_activation: 'silu' }],
  ])('%s: %s', (name, what, settings) => {
    const config = { ...configOf(name), ...settings };
    expect(() => decoderFor(config)).toThrow(
      expect.objectContaining({ code: 'model.unsupported-config', message: expect.stringContaining(what) }),
    );
  });

  it.each([
    ['qwen3', '"layer_types" must be a list of 3', { layer_types: ['full_attention'] }],
    ['phi3', '"short_factor" must be a list of 2', { rope_parameters: { rope_type: 'longrope', short_factor: [1] } }],
    ['qwen2', '"factor" must be a number above 0', { rope_parameters: { rope_type: 'yarn' } }],
    ['mistral', '"sliding_window" must be a whole number above 0, not 0', { sliding_window: 0 }],
    [
      'qwen2',
      '"max_window_layers" must be a whole number above -1',
      { max_window_layers: -2, use_sliding_window: true },
    ],
    ['gemma2', '"final_logit_softcapping" must be a number above 0', { final_logit_softcapping: -1 }],
    ['llama', '"num_attention_heads" must be a multiple of "num_key_value_heads" (3)', { num_key_value_heads: 3 }],
  ])('%s: %s', (name, what, settings) => {
    expect(() => decoderFor({ ...configOf(name), ...settings })).toThrow(
      expect.objectContaining({ code: 'model.bad-config', message: expect.stringContaining(what) }),
    );
  });

  it('another architecture, with the names of the supported ones', () => {
    expect(() => decoderFor({ model_type: 'rwkv' })).toThrow(
      expect.objectContaining({
        code: 'model.unsupported-architecture',
        message: expect.stringContaining(supportedArchitectures.join(', ')),
      }),
    );
  });
});

it.each([
  ['llama-linear', 64],
  ['llama-dynamic', 32], // 4 · 8
  ['qwen2-yarn', 64], // 4 · 16, as the configuration says too
  ['phi3-longrope', 32], // the original length of the 64
  ['gpt2', 64],
])('%s reads texts of up to %i tokens', (name, positions) => {
  expect(decoderFor(configOf(name)).config.maxPositions).toBe(positions);
});
