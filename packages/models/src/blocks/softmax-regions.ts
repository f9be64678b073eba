import { region } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { softmaxGradientShader, softmaxShader } from './softmax-shaders.js';

/** y = softmax(scale · x + bias) over the last axis: the weights of attention. */
export const biasedSoftmax = region(
  'softmax',
  (x: tf.Tensor, bias: tf.Tensor, scale: number) => tf.softmax(tf.add(scale === 1 ? x : tf.mul(x, scale), bias)),
  { rounded: [0], shader: softmaxShader },
);

/** The gradient by x, from the gradient dy by y: scale · y (dy − Σ dy y). */
export const biasedSoftmaxGradient = region(
  'softmax-gradient',
  (dy: tf.Tensor, y: tf.Tensor, scale: number) => {
    const along = tf.sum(tf.mul(dy, y), -1, true);
    return tf.mul(tf.mul(tf.sub(dy, along), y), scale);
  },
  { rounded: [0], shader: softmaxGradientShader },
);
