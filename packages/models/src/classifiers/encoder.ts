import * as tf from '@tensorflow/tfjs-core';
import type { ConfigReader } from '../architectures/config-reader.js';
import { geluExact, geluTanh } from '../blocks/activations.js';
import { attention, joinHeads, splitHeads } from '../blocks/attention.js';
import { visibilityBias } from '../blocks/attention-bias.js';
import { layerNorm } from '../blocks/layer-norm.js';
import type { TextBatch, TextNetwork } from './types.js';

const activations = {
  gelu: geluExact,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu: (x: tf.Tensor2D) => tf.relu(x),
};

/** The activation under `key` of a configuration. @throws {DpoError} `model.unsupported-config` for another one. */
export function activationOf(settings: ConfigReader, key: string): (x: tf.Tensor2D) => tf.Tensor2D {
  return activations[settings.choice(key, ['gelu', 'gelu_new', 'gelu_pytorch_tanh', 'relu'], 'gelu')];
}

/** The id of a configuration's padding token. @throws {DpoError} `model.unsupported-config` for what is no id. */
export function padTokenOf(settings: ConfigReader, fallback: number): number {
  const value = settings.raw.pad_token_id ?? fallback;
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw settings.unsupported('pad_token_id', value, "a token's id");
}

/** The names of the linear layers and norms of one layer of an encoder. */
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

/** An encoder of the family of BERT (arXiv 1810.04805), and the head that computes labels from its first token. */
export interface EncoderSettings {
  readonly modelType: string;
  /** D, the size of hidden states. */
  readonly width: number;
  /** The size between the two linear layers of the MLP. */
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
  readonly vocabSize: number;
  /** How many positions the position embedding has. */
  readonly positionCount: number;
  /** How many types the token type embedding has, of which only the first is used; 0 when there is no such embedding. */
  readonly tokenTypes: number;
  /** ε of the layer norms. */
  readonly epsilon: number;
  /** The activation of the MLP. */
  readonly activation: (x: tf.Tensor2D) => tf.Tensor2D;
  /** The beginning of the body's names, such as `roberta.` */
  readonly prefix: string;
  readonly layerNames: (layer: number) => EncoderLayerNames;
  /** The linear layers of the head, which are applied to the first token's hidden state one after the other. */
  readonly head: readonly {
    readonly name: string;
    readonly size: number;
    readonly activation: (x: tf.Tensor2D) => tf.Tensor2D;
  }[];
  readonly padTokenId: number | undefined;
  /** The longest text, in tokens. */
  readonly maxTokens: number;
  /** The position of each token of a text. */
  readonly positions: (ids: readonly number[]) => readonly number[];
  /** True for a tensor that files may hold besides the weights. */
  readonly isExtra: (name: string) => boolean;
}

/**
 * An encoder: bidirectional attention with a norm after each part,
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
  weights.set(embedding('position_embeddings.weight'), { shape: [settings.positionCount, width] });
  if (settings.tokenTypes > 0)
    weights.set(embedding('token_type_embeddings.weight'), { shape: [settings.tokenTypes, width] });
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

    logits({ ids, positions, mask, deciding }: TextBatch, weight) {
      const [texts, length] = ids.shape;
      const flat = (x: tf.Tensor) => tf.reshape(x, [texts * length]) as tf.Tensor1D;
      const apply = (x: tf.Tensor2D, name: string): tf.Tensor2D =>
        tf.add(tf.matMul(x, weight(`${name}.weight`), false, true), weight(`${name}.bias`));
      const normalise = (x: tf.Tensor2D, name: string) =>
        layerNorm(x, weight(`${name}.weight`), weight(`${name}.bias`), epsilon);
      const visible = tf.equal(tf.reshape(mask, [texts, 1, 1, length]), tf.scalar(1, 'int32'));
      const bias = tf.tile(visibilityBias(visible), [1, 1, length, 1]) as tf.Tensor4D; // [B, 1, T, T]

      let x = tf.add<tf.Tensor2D>(
        tf.gather(weight(embedding('word_embeddings.weight')), flat(ids)),
        tf.gather(weight(embedding('position_embeddings.weight')), flat(positions)),
      ); // [B·T, D]
      if (settings.tokenTypes > 0)
        x = tf.add(x, tf.slice(weight(embedding('token_type_embeddings.weight')), [0, 0], [1, width]));
      x = normalise(x, embedding('LayerNorm'));
      for (let i = 0; i < layers; i++) {
        const names = layerNames(i);
        const project = (name: string) => splitHeads(apply(x, name), texts, length, heads);
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
