import { type Engine, findLibrary, openEngine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { addLora } from '../lora/add-lora.js';
import { fixtureExpected, fixtureFolder, oneOfEach } from '../test/_fixtures-for-tests.js';
import { lossAndGradients } from '../test/_gradients-for-tests.js';
import { createModel } from './create-model.js';
import { loadModel } from './load-model.js';
import type { LanguageModel } from './types.js';

const engines: [string, Engine][] = [['plain JavaScript', testEngine()]];
if ((await findLibrary()) !== undefined) engines.push(['the compiled engine', await openEngine()]);
afterAll(async () => {
  for (const [, engine] of engines) await engine.dispose();
});

async function expectEqual(model: LanguageModel, name: string): Promise<void> {
  const answers = fixtureExpected(name).answers.slice(0, 2);
  const plain = await lossAndGradients(model, answers);
  const recomputed = await lossAndGradients(model, answers, { activationCheckpointing: true });
  expect(Math.abs(recomputed.loss - plain.loss)).toBeLessThan(1e-5 * Math.abs(plain.loss));
  expect([...recomputed.gradients.keys()]).toEqual([...plain.gradients.keys()]);
  const largest = Math.max(...[...plain.gradients.values()].flatMap((values) => [...values].map(Math.abs)));
  expect(largest).toBeGreaterThan(0);
  for (const [weight, values] of plain.gradients) {
    const got = recomputed.gradients.get(weight) as Float32Array;
    const difference = Math.max(...values.map((value, i) => Math.abs((got[i] as number) - value)));
    expect(difference, weight).toBeLessThan(1e-5 * largest);
  }
}

it('keeps far less for the gradient', async () => {
  const config = { model_type: 'llama', hidden_size: 16, intermediate_size: 32, num_hidden_layers: 8, vocab_size: 32 };
  const model = createModel(
    testEngine(),
    { ...config, num_attention_heads: 2, max_position_embeddings: 256 },
    { seed: 1 },
  );
  const text = (length: number) => Array.from({ length }, (_, i) => 1 + (i % 30));
  const answers = [{ prompt: text(100), answer: text(60) }];
  const start = tf.memory().numBytes;
  const peak = async (activationCheckpointing: boolean) =>
    (await tf.profile(() => lossAndGradients(model, answers, { activationCheckpointing }) as never)).peakBytes - start;
  const [plain, recomputed] = [await peak(false), await peak(true)];
  // Eight layers' activations against their inputs and one layer's activations.
  expect(recomputed).toBeLessThan(0.4 * plain);
  model.dispose();
});

describe.each(engines)('recomputation on %s', (_, engine) => {
  it.each(oneOfEach)('changes neither loss nor gradients of %s', async (name) => {
    const { model } = await loadModel(engine, fixtureFolder(name));
    await expectEqual(model, name);
    model.dispose();
  });

  it('changes neither with an adapter', async () => {
    const { model } = await loadModel(engine, fixtureFolder('llama'));
    const adapted = await addLora(model, { rank: 2, alpha: 4, seed: 3, modulesToSave: ['input_layernorm'] });
    await expectEqual(adapted, 'llama');
    adapted.dispose();
  });
});
