import { DpoError } from '@dpo/base';
import { type Engine, segmentSums, type Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Decoder } from '../architectures/types.js';
import { type LayerInput, tensorOf, weightProduct } from '../blocks/cheap-value.js';
import { linearLayers } from '../blocks/linear-layers.js';
import { type Attend, packedAttention } from '../blocks/packed-attention.js';
import { tokenAlignments } from '../blocks/token-alignments.js';
import { type LogitHead, logitsOf, tokenLogps } from '../blocks/token-logps.js';
import { adaptedProduct } from '../lora/adapted-product.js';
import { headParameterName, parameterName } from '../lora/modules-to-save.js';
import { parameterLayers } from '../lora/parameter-layers.js';
import type { Adapter } from '../lora/types.js';
import { rewardPositions, rewardsByToken } from './answer-rewards.js';
import { computeBlock, recomputedBlocks } from './compute-block.js';
import type {
  AdapterToggle,
  DropoutDraw,
  GradientOptions,
  LanguageModel,
  PackedInputs,
  Params,
  TokenLogpsOptions,
} from './types.js';

/** Selecting positions in the last layer pays off when they are at most this part of all positions. */
const FEWER = 0.9;

interface Ownership {
  /** False when the base's weights belong to another model, which disposes of them. Default true. */
  readonly ownsBase?: boolean;
}

/** A model out of a decoder, the variables of its weights, and an adapter. The model owns the variables. */
export function languageModel(
  engine: Engine,
  decoder: Decoder,
  weights: ReadonlyMap<string, Variable>,
  adapter?: Adapter,
  { ownsBase = true }: Ownership = {},
): LanguageModel {
  const { config } = decoder;
  const callbacks: (() => void)[] = [];
  let disposed = false;

  const layout = decoder.linearLayout;
  const activeAdapter = ({ adapter: on = true }: AdapterToggle = {}) => (on ? adapter : undefined);
  const weightsOf =
    (params: Params, options?: AdapterToggle): Params =>
    (name) =>
      params(parameterName(activeAdapter(options), name));

  const computation = (params: Params, options: AdapterToggle & { readonly at?: tf.Tensor1D | undefined }) => {
    const weight = weightsOf(params, options);
    const biasOf = (layer: string) => (decoder.weights.has(`${layer}.bias`) ? weight(`${layer}.bias`) : undefined);
    const productOf = (x: LayerInput, layer: string): tf.Tensor2D => {
      const w = () => weight(`${layer}.weight`) as tf.Tensor2D;
      // A base with an adapter is not trained: eagerly, a gradient by its weights would be computed for nothing.
      const product = (input: LayerInput): tf.Tensor2D =>
        adapter === undefined
          ? weightProduct(input, w(), layout === 'out-in')
          : tf.matMul(tensorOf(input), w(), false, layout === 'out-in');
      const dropout = options.dropout && drawFor(tensorOf(x), options.dropout, options.at);
      return adaptedProduct(activeAdapter(options), { layer, x, params, layout, product, dropout });
    };
    return { weight, ...linearLayers(productOf, biasOf) };
  };

  const head = (params: Params, options?: AdapterToggle): LogitHead => ({
    unembedding: params(headParameterName(decoder, activeAdapter(options))) as tf.Tensor2D,
    bias: decoder.logitBias === undefined ? undefined : (weightsOf(params, options)(decoder.logitBias) as tf.Tensor1D),
    cap: decoder.logitCap,
  });

  /** Hidden states of some positions of a packed batch, behind the final norm: [R, D]. */
  const statesAt = (at: tf.Tensor1D, params: Params, batch: PackedInputs, options: GradientOptions): tf.Tensor2D => {
    // Recomputation repeats a layer alone, so the layer needs a mask of its own. Compiled, equal masks are computed once.
    const attend: Attend = options.activationCheckpointing
      ? (...layer) => packedAttention(batch)(...layer)
      : packedAttention(batch);
    // An answer's last token comes after its positions. A reward model's last token is no part of the text.
    const tokens = { ...batch, unread: decoder.labels === undefined ? 1 : 0 };
    const states = model.hidden(params, tokens, attend, { ...options, at });
    return decoder.finalNorm(states, { weight: weightsOf(params, options) });
  };

  const layers = parameterLayers(decoder);
  const model: LanguageModel = {
    config,
    engine,
    decoder,
    weights,
    adapter,
    vocabSize: config.vocabSize,
    maxPositions: config.maxPositions,
    trainable: () => adapter?.weights ?? weights,
    variable(name) {
      const variable = adapter?.weights.get(name) ?? weights.get(name);
      if (variable !== undefined) return variable;
      throw new DpoError('model.unknown-tensor', `The model has no weight "${name}".`, { values: { tensor: name } });
    },
    hidden(modelParams, tokens, attend, options = {}) {
      const { at, activationCheckpointing = false } = options;
      const { params, block } = activationCheckpointing
        ? recomputedBlocks(modelParams, [...model.trainable().keys()], layers)
        : { params: modelParams, block: computeBlock };
      const compute = (selectPositions: (layer: number, x: tf.Tensor2D) => tf.Tensor2D) =>
        decoder.hidden(tokens, { ...computation(params, options), attend, selectPositions, block });
      if (at === undefined) return compute((_, x) => x);
      // `at` may repeat positions, and so be longer than the batch has positions.
      if (at.size > FEWER * tokens.ids.size)
        return tf.gather(
          compute((_, x) => x),
          at,
        );
      return compute((layer, x) => (layer === config.layers - 1 ? tf.gather(x, at) : x));
    },
    logits: (params, states, options) =>
      logitsOf(decoder.finalNorm(states, { weight: weightsOf(params, options) }), head(params, options)),
    sequenceLogps: (params, batch, options) =>
      segmentSums(model.tokenLogps(params, batch, options).logps, batch.sequence, batch.sequences),
    answerStates: (params, batch, options) => ({
      states: statesAt(batch.predictors, params, batch, options ?? {}),
      head: head(params, options),
    }),
    tokenLogps(params, batch, { alignments = false, states: withStates = false, ...options }: TokenLogpsOptions = {}) {
      if (decoder.labels !== undefined) {
        const ends = statesAt(rewardPositions(batch), params, batch, options); // [S, D]
        const rewards = logitsOf(ends, head(params, options)); // [S, 1]
        return { logps: rewardsByToken(tf.reshape(rewards, [batch.sequences]), batch) };
      }
      // Only predictors meet the vocabulary, which costs as much as many layers.
      const { states, head: logitHead } = model.answerStates(params, batch, options);
      return {
        logps: tokenLogps(states, logitHead, batch.targets),
        ...(alignments ? { alignments: tokenAlignments(states, logitHead, batch.targets) } : {}),
        ...(withStates ? { states } : {}),
      };
    },
    onDispose: (callback) => {
      callbacks.push(callback);
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      for (const callback of callbacks) callback();
      if (ownsBase) for (const variable of weights.values()) variable.dispose();
      for (const variable of adapter?.weights.values() ?? []) variable.dispose();
    },
  };
  return model;
}

/** The dropout draw for hidden states x, which are of all positions of the batch or of the positions `at`. */
function drawFor(x: tf.Tensor2D, { step, numbers }: DropoutDraw, at: tf.Tensor1D | undefined) {
  const all = tf.reshape<tf.Rank.R1>(numbers, [-1]);
  return { step, numbers: at === undefined || x.shape[0] === all.size ? all : tf.gather<tf.Tensor1D>(all, at) };
}
