import { after } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { pieceSizes } from './_piece-sizes.js';
import { at, type LogitHead, type LogitLimits, logitsOf, logSumExp } from './token-logps.js';

/** The hidden states that predict answers' tokens, behind the final norm, and how they become logits. */
export interface AnswerStates {
  /** [R, D] */
  readonly states: tf.Tensor2D;
  readonly head: LogitHead;
}

/** How two models' distributions of the next token differ at each target, in nats. */
export interface TokenDivergences {
  /** KL(p ‖ q) over the whole vocabulary, 0 or more: [R]. */
  readonly kl: tf.Tensor1D;
  /** log p − log q of the target itself: [R]. Its mean over targets that are drawn from p is the KL. */
  readonly logRatio: tf.Tensor1D;
}

const megabyte = 2 ** 20;
/** How many tensors of the size of a piece's logits live at once: both models' logits, and what they are combined into. */
const TENSORS = 4;
/** Below this size of log(q/p) the series is exact to float32, above it the formula. */
const SMALL = 0.1;

/**
 * The divergence of two models' distributions over the whole vocabulary at each of R targets, in nats:
 *
 *     KL_r(p ‖ q) = Σ_v p_v (log p_v − log q_v) = Σ_v p_v (e^d − 1 − d),   d = log q_v − log p_v
 *
 * in float32. The second form is the first form plus Σ q − Σ p = 0. None of its terms is below 0, so the sum is never below 0,
 * and it is 0 for two models that are the same. Near d = 0 the terms come from the series d²/2 + d³/6 + …, since differences of
 * log-probabilities would lose all digits there.
 *
 * The logits of both models are computed in pieces, one piece after the other, so that the logits and what they are combined
 * into take about `limits.piece` bytes (default 64 MB). The function has no gradient.
 *
 * @param p the states of one model, of R targets
 * @param q the states of the other model, of the same targets and the same vocabulary; its width may be another
 * @param targets [R] int32
 */
export function tokenDivergences(
  p: AnswerStates,
  q: AnswerStates,
  targets: tf.Tensor1D,
  limits: Pick<LogitLimits, 'piece'> = {},
): TokenDivergences {
  const [targetCount] = p.states.shape;
  const targetBytes = 4 * TENSORS * p.head.unembedding.shape[0];
  const sizes = pieceSizes(targetCount, Math.max(1, Math.floor((limits.piece ?? 64 * megabyte) / targetBytes)));
  const others = tf.split(q.states, sizes);
  const targetsOf = tf.split(targets, sizes);
  const pieces: { readonly kl: tf.Tensor; readonly logRatio: tf.Tensor }[] = [];
  for (const [i, states] of tf.split(p.states, sizes).entries()) {
    const last = pieces.at(-1)?.kl;
    const afterLast = (x: tf.Tensor) => (last === undefined ? x : after(x, last)) as tf.Tensor2D;
    const logits = logitsOf(afterLast(states), p.head);
    pieces.push(divergences(logits, logitsOf(afterLast(others[i] as tf.Tensor), q.head), targetsOf[i] as tf.Tensor1D));
  }
  return {
    kl: tf.concat(pieces.map(({ kl }) => kl)) as tf.Tensor1D,
    logRatio: tf.concat(pieces.map(({ logRatio }) => logRatio)) as tf.Tensor1D,
  };
}

/** The divergences of a piece, from the logits of both models, [r, V] each. */
function divergences(pLogits: tf.Tensor, qLogits: tf.Tensor, targets: tf.Tensor1D) {
  const logP = tf.sub(pLogits, logSumExp(pLogits));
  const d = tf.sub(tf.sub(qLogits, logSumExp(qLogits)), logP);
  const p = tf.exp(logP);
  // e^d alone would be infinite where q is far above p.
  const far = tf.relu(tf.sub(tf.exp(tf.add(logP, d)), tf.mul(p, tf.add(d, 1))));
  const terms = tf.where(tf.less(tf.abs(d), SMALL), tf.mul(p, series(d)), far);
  return { kl: tf.sum(terms, 1), logRatio: tf.neg(tf.reshape(at(d, targets), [-1])) };
}

/** e^d − 1 − d to float32's digits for small d: d² (1/2 + d (1/6 + d (1/24 + d/120))). The next term is below 3e-7 of the sum. */
function series(d: tf.Tensor): tf.Tensor {
  const inner = tf.add(1 / 6, tf.mul(d, tf.add(1 / 24, tf.div(d, 120))));
  return tf.mul(tf.square(d), tf.add(1 / 2, tf.mul(d, inner)));
}
