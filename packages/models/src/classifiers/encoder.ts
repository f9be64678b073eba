import * as tf from '@tensorflow/tfjs-core';
import type { ConfigReader } from '../architectures/config-reader.js';
import { geluExact, geluTanh } from '../blocks/activations.js';
import { attention, joinHeads, splitHeads } from '../blocks/attention.js';
import { hide } from '../blocks/attention-bias.js';
import { layerNorm } from '../blocks/layer-norm.js';
import type { TextNetwork, TextRows } from './types.js';

const activations = {
  gelu: geluExact,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu: (x: tf.Tensor2D) => tf.relu(x),
};

/** The activation that a configuration names under `key`. */
export function activationOf(settings: ConfigReader, key: string): (x: tf.Tensor2D) => tf.Tensor2D {
  return activations[settings.choice(key, ['gelu', 'gelu_new', 'gelu_pytorch_tanh', 'relu'], 'gelu')];
}

/** The padding token that a configuration names. */
export function padTokenOf(settings: ConfigReader, fallback: number): number {
  const value = settings.raw.pad_token_id ?? fallback;
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw settings.unsupported('pad_token_id', value, "a token's id");
}

/** What an encoder's linear layers and norms are called in one layer. */
export interface EncoderLayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly output: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

/** An encoder of the family of BERT (arXiv 1810.04805), and the head that makes labels of its first token. */
export interface EncoderSettings {
  readonly modelType: string;
  readonly width: number;
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
  readonly vocabSize: number;
  /** Rows of the position embedding. */
  readonly positionRows: number;
  /** Rows of the embedding of which only the first is used; 0 where there is none. */
  readonly typeRows: number;
  readonly epsilon: number;
  readonly activation: (x: tf.Tensor2D) => tf.Tensor2D;
  /** `roberta.` */
  readonly prefix: string;
  readonly layerNames: (layer: number) => EncoderLayerNames;
  /** What is done to the first token's hidden state, linear layer by linear layer: name, size, and what follows. */
  readonly head: readonly {
    readonly name: string;
    readonly size: number;
    readonly activation: (x: tf.Tensor2D) => tf.Tensor2D;
  }[];
  readonly padTokenId: number | undefined;
  readonly maxTokens: number;
  readonly positions: (ids: readonly number[]) => readonly number[];
  readonly isExtra: (name: string) => boolean;
}

/**
 * Bidirectional attention with the norms after each part:
 *
 *     x ← norm(x + attention(x))      x ← norm(x + W₂ act(W₁ x))
 */
export function encoder(settings: EncoderSettings): TextNetwork {
  const { width, inner, layers, heads, prefix, epsilon, layerNames } = settings;
  const embedding = (name: string) => `${prefix}embeddings.${name}`;
  const weights = new Map<string, { readonly shape: readonly number[] }>();
  const linear = (name: string, from: number, to: number) => {
    weights.set(`${name}.weight`, { shape: [to, from] }).set(`${name}.bias`, { shape: [to] });
  };
  const norm = (name: string) => {
    weights.set(`${name}.weight`, { shape: [width] }).set(`${name}.bias`, { shape: [width] });
  };
  weights.set(embedding('word_embeddings.weight'), { shape: [settings.vocabSize, width] });
  weights.set(embedding('position_embeddings.weight'), { shape: [settings.positionRows, width] });
  if (settings.typeRows > 0)
    weights.set(embedding('token_type_embeddings.weight'), { shape: [settings.typeRows, width] });
  norm(embedding('LayerNorm'));
  for (let i = 0; i < layers; i++) {
    const names = layerNames(i);
    for (const name of [names.query, names.key, names.value, names.output]) linear(name, width, width);
    norm(names.attentionNorm);
    linear(names.up, width, inner);
    linear(names.down, inner, width);
    norm(names.outputNorm);
  }
  for (const { name, size } of settings.head) linear(name, width, size);

  return {
    modelType: settings.modelType,
    weights,
    prefix,
    isExtra: settings.isExtra,
    vocabSize: settings.vocabSize,
    maxTokens: settings.maxTokens,
    padTokenId: settings.padTokenId,
    positions: settings.positions,
    deciding: () => 0,

    logits({ ids, positions, mask, deciding }: TextRows, weight) {
      const [rows, length] = ids.shape;
      const flat = (x: tf.Tensor) => tf.reshape(x, [rows * length]) as tf.Tensor1D;
      const apply = (x: tf.Tensor2D, name: string): tf.Tensor2D =>
        tf.add(tf.matMul(x, weight(`${name}.weight`), false, true), weight(`${name}.bias`));
      const normalise = (x: tf.Tensor2D, name: string) =>
        layerNorm(x, weight(`${name}.weight`), weight(`${name}.bias`), epsilon);
      const seen = tf.equal(tf.reshape(mask, [rows, 1, 1, length]), tf.scalar(1, 'int32'));
      const bias = tf.tile(hide(seen), [1, 1, length, 1]) as tf.Tensor4D; // [B, 1, T, T]

      let x = tf.add<tf.Tensor2D>(
        tf.gather(weight(embedding('word_embeddings.weight')), flat(ids)),
        tf.gather(weight(embedding('position_embeddings.weight')), flat(positions)),
      ); // [B·T, D]
      if (settings.typeRows > 0)
        x = tf.add(x, tf.slice(weight(embedding('token_type_embeddings.weight')), [0, 0], [1, width]));
      x = normalise(x, embedding('LayerNorm'));
      for (let i = 0; i < layers; i++) {
        const names = layerNames(i);
        const project = (name: string) => splitHeads(apply(x, name), rows, length, heads);
        const attended = attention(project(names.query), project(names.key), project(names.value), bias);
        x = normalise(tf.add(x, apply(joinHeads(attended), names.output)), names.attentionNorm);
        const up = settings.activation(apply(x, names.up)); // [B·T, inner]
        x = normalise(tf.add(x, apply(up, names.down)), names.outputNorm);
      }
      const first = tf.gather(x, deciding) as tf.Tensor2D; // [B, D]
      return settings.head.reduce((h, { name, activation }) => activation(apply(h, name)), first);
    },
  };
}
