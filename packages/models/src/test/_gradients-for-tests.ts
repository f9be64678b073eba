import { packedValues } from '@dpo/base/packing';
import type { Values } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { LanguageModel, PackedInputs } from '../model/types.js';
import { referencePacking } from './_packing-for-tests.js';

/** −Σ log π of answers to prompts, and its gradient by every trainable weight. With a seed there is dropout. */
export async function lossAndGradients(
  model: LanguageModel,
  answers: readonly { readonly prompt: readonly number[]; readonly answer: readonly number[] }[],
  {
    dropoutSeed,
    ...options
  }: { readonly activationCheckpointing?: boolean; readonly dropoutSeed?: number | undefined } = {},
): Promise<{ readonly loss: number; readonly gradients: ReadonlyMap<string, Float32Array> }> {
  const batch = referencePacking(answers.map(({ prompt, answer }) => ({ prompt, answers: [answer] })));
  const names = [...model.trainable().keys()];
  const differentiate = model.engine.function<string, string>('differentiate', (scope, inputs) => {
    const loss = (...weights: tf.Tensor[]) => {
      const params = (key: string) => weights[names.indexOf(key)] ?? scope.read(model.variable(key));
      const packed = { ...(inputs as unknown as Omit<PackedInputs, 'sequences'>), sequences: batch.sequences };
      const { step, numbers } = inputs;
      const dropout = step === undefined || numbers === undefined ? undefined : { step, numbers };
      return tf.neg(tf.sum(model.sequenceLogps(params, packed, { ...options, dropout })));
    };
    const { value, grads } = tf.valueAndGrads(loss)(names.map((key) => scope.read(model.variable(key))));
    return { loss: value, ...Object.fromEntries(names.map((key, i) => [key, grads[i] as tf.Tensor])) };
  });
  const seed: Record<string, Values> =
    dropoutSeed === undefined
      ? {}
      : {
          step: { dtype: 'int32', shape: [], data: Int32Array.of(dropoutSeed) },
          numbers: {
            dtype: 'int32',
            shape: [batch.packedRows, batch.length],
            data: batch.ids.map((_, i) => (7919 * i) % 2 ** 15),
          },
        };
  const out = await differentiate({ ...packedValues(batch), ...seed });
  differentiate.dispose();
  return {
    loss: out.loss?.data[0] as number,
    gradients: new Map(names.map((key) => [key, out[key]?.data as Float32Array])),
  };
}
