import type { PackedBatch } from '@dpo/base';
import { packedValues } from '@dpo/base/packing';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensorOf } from '../blocks/cheap-value.js';
import { packedAttention } from '../blocks/packed-attention.js';
import { addLora } from '../lora/add-lora.js';
import { linearLayers } from '../lora/targets.js';
import { fixtureFolder, oneOfEach } from '../test/_fixtures-for-tests.js';
import { type Group, referencePacking, scoreGroups } from '../test/_packing-for-tests.js';
import { tinyLlama } from '../test/tiny-models.js';
import { languageModel } from './language-model.js';
import { loadModel } from './load-model.js';
import type { LanguageModel, PackedInputs } from './types.js';

const tokens = (least: number, most: number) => fc.array(fc.nat(22), { minLength: least, maxLength: most });
const groups: fc.Arbitrary<Group[]> = fc.array(
  fc.record({ prompt: tokens(1, 9), answers: fc.array(tokens(1, 3), { minLength: 1, maxLength: 3 }) }),
  { minLength: 1, maxLength: 3 },
);

/** A sum over the predictors' hidden states, and its gradients by all weights. */
async function compute(model: LanguageModel, batch: PackedBatch, early: boolean): Promise<Map<string, Float32Array>> {
  const all = [...model.weights.keys(), ...(model.adapter?.weights.keys() ?? [])];
  // The final norm and an untied head come after the hidden states.
  const names = all.filter((name) => !/(^|\.)(lm_head|embed_out|ln_f|final_layer_norm|model\.norm)\./.test(name));
  const run = model.engine.function<string, string>('compute', (scope, inputs) => {
    const tokens = inputs as unknown as PackedInputs;
    const { predictors } = tokens;
    const attend = packedAttention(tokens);
    const loss = (...weights: tf.Tensor[]) => {
      const params = (name: string) => weights[names.indexOf(name)] as tf.Tensor;
      const states = early
        ? model.hidden(params, tokens, attend, { at: predictors })
        : tf.gather(model.hidden(params, tokens, attend), predictors);
      return tf.sum(tf.mul(states, tf.sin(tf.range(0, states.shape[1]))));
    };
    const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => scope.read(model.variable(name))));
    return { value, ...Object.fromEntries(names.map((name, i) => [name, grads[i] as tf.Tensor])) };
  });
  const out = await run(packedValues(batch));
  run.dispose();
  return new Map(Object.entries(out).map(([name, { data }]) => [name, data as Float32Array]));
}

const models: readonly (readonly [name: string, open: () => Promise<LanguageModel>])[] = [
  ...oneOfEach.map((name) => [name, async () => (await loadModel(testEngine(), fixtureFolder(name))).model] as const),
  ['Llama with an adapter', async () => addLora(tinyLlama(testEngine()), { rank: 2, alpha: 4, seed: 1 })],
];

describe.each(models)('hidden states of some positions alone: %s', (_, open) => {
  it('equal the hidden states of all positions there, with the same gradients', async () => {
    await fc.assert(
      fc.asyncProperty(groups, fc.integer({ min: 1, max: 3 }), async (batchGroups, perRow) => {
        const model = await open();
        const batch = referencePacking(batchGroups, perRow);
        const [got, want] = [await compute(model, batch, true), await compute(model, batch, false)];
        expect([...got.keys()]).toEqual([...want.keys()]);
        for (const [name, expected] of want) {
          const size = Math.max(...expected.map(Math.abs), 1e-3);
          got.get(name)?.forEach((value, i) => {
            expect(Math.abs(value - (expected[i] as number)), name).toBeLessThan(2e-5 * size);
          });
        }
      }),
      { numRuns: 2 },
    );
  });

  it('are all that the last layer computes on', async () => {
    const model = await open();
    const positionsOf = new Map<string, number>();
    const counting = languageModel(
      model.engine,
      {
        ...model.decoder,
        hidden: (tokens, computation) =>
          model.decoder.hidden(tokens, {
            ...computation,
            linear(x, layer, activation) {
              positionsOf.set(layer, tensorOf(x).shape[0]);
              return computation.linear(x, layer, activation);
            },
            addLinear(residual, x, layer) {
              positionsOf.set(layer, tensorOf(x).shape[0]);
              return computation.addLinear(residual, x, layer);
            },
          }),
      },
      model.weights,
    );
    await scoreGroups(counting, [{ prompt: [1, 2, 3, 4, 5], answers: [[6, 7]] }]); // 6 positions, 2 of them predict
    for (const [layer, positions] of positionsOf) {
      const last = layer.includes(`.${model.config.layers - 1}.`);
      const forKeys = /c_attn|[qkv]_proj|query_key_value/.test(layer);
      expect(positions, layer).toBe(last && !forKeys ? 2 : 6);
    }
    expect(positionsOf.size).toBe(linearLayers(model.decoder).length);
  });
});
