import * as tf from '@tensorflow/tfjs-core';
import { at, logSumExp } from '../blocks/token-logps.js';

/**
 * How the next token is chosen by the logits: the likeliest token (`greedy`), a draw from the model's own distribution
 * (`sample`), or a draw at another temperature (`tempered`). `filter` leaves the choice to JavaScript, which gets the logits.
 */
export type DrawMode = 'greedy' | 'sample' | 'tempered' | 'filter';

/**
 * The next token of each lane and its log-probability under the untempered model, in nats.
 *
 * `sample` and `tempered` invert the distribution function: they take the first token whose cumulated weight exceeds u times the
 * weight of all tokens, with weights e^{logit} and e^{logit / temperature}. `greedy` takes the likeliest token, and the first of
 * equally likely ones.
 *
 * @param logits [B, V], B lanes
 * @param uniform [B], u in [0, 1)
 * @param sharpness 1 / temperature, a scalar
 * @returns `tokens` [B] int32 and `logps` [B]; for `filter` `logits` and `total` [B], log Σ_v exp logit_v
 */
export function draw(
  mode: DrawMode,
  logits: tf.Tensor2D,
  uniform: tf.Tensor,
  sharpness: tf.Tensor,
): Record<string, tf.Tensor> {
  if (mode === 'sample') {
    const largest = tf.max(logits, 1, true); // [B, 1]
    const { tokens, all } = sample(tf.exp(tf.sub(logits, largest)), uniform);
    // The sum of the weights is also the denominator of the probability, so one pass over the vocabulary suffices.
    return { tokens, logps: tf.reshape(tf.sub(tf.sub(at(logits, tokens), largest), tf.log(all)), [-1]) };
  }
  const total = logSumExp(logits); // [B, 1]
  if (mode === 'filter') return { logits, total: tf.reshape(total, [-1]) };
  const tokens = mode === 'greedy' ? tf.argMax<tf.Tensor1D>(logits, 1) : sampleTempered(logits, uniform, sharpness);
  return { tokens, logps: tf.reshape(tf.sub(at(logits, tokens), total), [-1]) };
}

function sampleTempered(logits: tf.Tensor2D, uniform: tf.Tensor, sharpness: tf.Tensor): tf.Tensor1D {
  return sample(tf.exp(tf.mul(tf.sub(logits, tf.max(logits, 1, true)), sharpness)), uniform).tokens;
}

/** Tokens to a block of the vocabulary. Running sums are slow, so there is one over the blocks, then one within a block. */
const BLOCK = 256;

/** Draws a token of each lane by weights [B, V]; `all` is the sum of the weights, [B, 1]. */
function sample(weights: tf.Tensor2D, uniform: tf.Tensor): { tokens: tf.Tensor1D; all: tf.Tensor } {
  const [lanes, vocabulary] = weights.shape;
  const blocks = Math.ceil(vocabulary / BLOCK);
  const padding = blocks * BLOCK - vocabulary;
  const wholeBlocks =
    padding === 0
      ? weights
      : tf.pad(weights, [
          [0, 0],
          [0, padding],
        ]);
  const inBlocks = tf.reshape(wholeBlocks, [lanes * blocks, BLOCK]);

  const blockWeights = tf.reshape(tf.sum(inBlocks, 1), [lanes, blocks]);
  const sums = tf.cumsum(blockWeights, 1); // [B, blocks]
  const all = last(sums);
  const target = tf.mul(tf.reshape(uniform, [lanes, 1]), all); // u times the weight of all, [B, 1]
  const block = countReached(sums, target); // [B]
  const before = tf.sub(at(sums, block), at(blockWeights, block)); // weight of the blocks before that block, [B, 1]
  const starts = tf.range(0, lanes * blocks, blocks, 'int32');
  const within = tf.cumsum(tf.gather(inBlocks, tf.add(block, starts)), 1); // [B, BLOCK]
  // Rounding may make the rest negative, which would lead to a token without weight.
  const rest = tf.maximum(tf.sub(target, before), 0);
  return { tokens: tf.add(tf.mul(block, tf.scalar(BLOCK, 'int32')), countReached(within, rest)), all };
}

/**
 * How many running sums of a lane the target has reached, which is the place of the first sum that exceeds the target. When
 * rounding has put the target beyond the last sum, the result is the last place that has any weight.
 */
function countReached(sums: tf.Tensor, target: tf.Tensor): tf.Tensor1D {
  const reached = tf.logicalAnd(tf.lessEqual(sums, target), tf.less(sums, last(sums)));
  return tf.sum<tf.Tensor1D>(tf.cast(reached, 'int32'), 1);
}

function last(sums: tf.Tensor): tf.Tensor {
  const [lanes, length] = sums.shape as [number, number];
  return tf.slice(sums, [0, length - 1], [lanes, 1]);
}
