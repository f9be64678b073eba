import { testEngine } from '@dpo/engine/test';
import { expect, it } from 'vitest';
import type { Decoder, WeightSpec } from '../architectures/types.js';
import { createModel } from '../model/create-model.js';
import { parameterLayers } from './parameter-layers.js';

it('takes the layer from the weight’s description, not from numbers in its name', () => {
  const spec = (kind: WeightSpec['kind'], layer?: number): WeightSpec => {
    return { shape: [2, 2], kind, initial: { value: 0 }, layer };
  };
  const weights = new Map([
    ['experts.7.up.weight', spec('linear', 3)],
    ['experts.7.norm.weight', spec('vector', 3)],
    ['embed.0.weight', spec('embedding')],
  ]);
  expect([...parameterLayers({ weights } as unknown as Decoder)]).toEqual(
    [
      'experts.7.up.weight',
      'base_model.model.experts.7.up.weight',
      'base_model.model.experts.7.up.lora_A.weight',
      'base_model.model.experts.7.up.lora_B.weight',
      'base_model.model.experts.7.up.lora_magnitude_vector',
      'experts.7.norm.weight',
      'base_model.model.experts.7.norm.weight',
    ].map((name) => [name, 3]),
  );
});

it('gives GPT-2 twelve weights to a layer', () => {
  const config = { model_type: 'gpt2', vocab_size: 8, n_embd: 4, n_layer: 3, n_head: 2, n_positions: 8 };
  const { decoder } = createModel(testEngine(), config, { seed: 1 });
  const layers = [...decoder.weights.values()].map(({ layer }) => layer);
  expect([0, 1, 2].map((layer) => layers.filter((of) => of === layer).length)).toEqual([12, 12, 12]);
  expect([...decoder.weights].filter(([, { layer }]) => layer === undefined).map(([name]) => name)).toEqual([
    'transformer.wte.weight',
    'transformer.wpe.weight',
    'transformer.ln_f.weight',
    'transformer.ln_f.bias',
  ]);
});
