import * as tf from '@tensorflow/tfjs-core';
import { packedValues } from '../model/packed-values.js';
import type { LanguageModel, PackedInputs } from '../model/types.js';
import { referencePacking } from './_packing.js';

/** −Σ log π of answers to prompts, and its gradient by every weight that training changes. */
export async function lossAndGradients(
  model: LanguageModel,
  answers: readonly { readonly prompt: readonly number[]; readonly answer: readonly number[] }[],
  options: { readonly activationCheckpointing?: boolean } = {},
): Promise<{ readonly loss: number; readonly gradients: ReadonlyMap<string, Float32Array> }> {
  const { sequences, ...batch } = referencePacking(
    answers.map(({ prompt, answer }) => ({ prompt, answers: [answer] })),
  );
  const names = [...model.trainable().keys()];
  const differentiate = model.engine.function<string, string>('differentiate', (scope, inputs) => {
    const loss = (...given: tf.Tensor[]) => {
      const params = (key: string) => given[names.indexOf(key)] ?? scope.read(model.variable(key));
      const packed = { ...(inputs as unknown as Omit<PackedInputs, 'sequences'>), sequences };
      return tf.neg(tf.sum(model.sequenceLogps(params, packed, options)));
    };
    const { value, grads } = tf.valueAndGrads(loss)(names.map((key) => scope.read(model.variable(key))));
    return { loss: value, ...Object.fromEntries(names.map((key, i) => [key, grads[i] as tf.Tensor])) };
  });
  const out = await differentiate(packedValues(batch));
  differentiate.dispose();
  return {
    loss: out.loss?.data[0] as number,
    gradients: new Map(names.map((key) => [key, out[key]?.data as Float32Array])),
  };
}
