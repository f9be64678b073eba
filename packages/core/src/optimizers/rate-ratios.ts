import * as tf from '@tensorflow/tfjs-core';
import { within } from './_settings.js';
import type { Optimizer } from './types.js';

/** Ratios of learning rates, for {@link withRateRatios}. */
export interface RateRatios {
  /** η of LoRA's B matrices, divided by η of the A matrices. LoRA+ (arXiv 2402.12354) takes 16. Default 1. */
  readonly loraB?: number | undefined;
  /** η of the embeddings of tokens and of positions, divided by η of the other weights. Default 1. */
  readonly embeddings?: number | undefined;
}

const LORA_B = /(^|\.)lora_(embedding_)?B(\.|$)/;
const EMBEDDING = /(^|\.)(wte|wpe|embed_tokens|embed_in|embed_positions|word_embeddings)\./;

/**
 * The optimizer with learning rates that differ by group of weights. Each weight's η, decoupled weight decay included, is
 * multiplied by the ratio of the weight's group, which follows from the weight's name. PyTorch has groups of parameters for this.
 *
 * @throws DpoError `optimizer.out-of-range` when a ratio is negative
 */
export function withRateRatios(optimizer: Optimizer, ratios: RateRatios): Optimizer {
  const loraB = within('loraB', ratios.loraB ?? 1, 0, Number.POSITIVE_INFINITY);
  const embeddings = within('embeddings', ratios.embeddings ?? 1, 0, Number.POSITIVE_INFINITY);
  if (loraB === 1 && embeddings === 1) return optimizer;
  const ratioOf = (name: string) => {
    if (LORA_B.test(name)) return loraB;
    return EMBEDDING.test(name) && !name.includes('lora_') ? embeddings : 1;
  };
  return {
    ...optimizer,
    settings: { ...optimizer.settings, loraBRatio: loraB, embeddingRatio: embeddings },
    update: (scope, update) => {
      const ratio = ratioOf(update.name);
      const scalars = Object.entries(update.scalars).map(([name, value]) => [
        name,
        ratio !== 1 && (name === 'rate' || name === 'decay') ? tf.mul(value, ratio) : value,
      ]);
      optimizer.update(scope, { ...update, scalars: Object.fromEntries(scalars) });
    },
  };
}
