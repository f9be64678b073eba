import { testEngine } from '@dpo/engine/test';
import { createModel } from '@dpo/models';
import { expect, it } from 'vitest';
import { stepFlops } from './flops.mjs';

const config = { model_type: 'gpt2', n_embd: 8, n_head: 2, n_layer: 2, vocab_size: 10, n_positions: 16 };

it('counts the matrix products of a step by hand', async () => {
  const engine = testEngine();
  const model = createModel(engine, config, { seed: 0 });
  const batch = { packedRows: 3, length: 4, tokens: 5 };
  // Of a layer: c_attn 8 · 24 = 192, c_proj 64, MLP 2 · 8 · 32 = 512. 12 positions, 5 of them predicted in the last layer.
  const layers = 2 * 12 * (192 + 64 + 512) + 2 * 12 * 192 + 2 * 5 * (64 + 512);
  // QKᵀ and the weighted values, 2 · 8 each for each pair of positions: 1 + 2 + 3 + 4 in each of 3 rows and 2 layers.
  const attention = 2 * 3 * (1 + 2 + 3 + 4) * 2 * (2 * 8);
  const logits = 2 * 8 * 10 * 5;
  const forward = layers + attention + logits;
  const settings = { lora: false, onlineReference: false, activationCheckpointing: false };
  expect(stepFlops(model, batch, settings)).toBe(3 * forward);
  expect(stepFlops(model, batch, { ...settings, onlineReference: true })).toBe(4 * forward);
  expect(stepFlops(model, batch, { ...settings, lora: true })).toBe(2 * forward + attention);
  expect(stepFlops(model, batch, { ...settings, activationCheckpointing: true })).toBe(4 * forward - logits);
  await engine.dispose();
});
