import type { EngineFunction, Values, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { attention } from '../blocks/attention.js';
import { visibilityBias, within } from '../blocks/attention-bias.js';
import { packedAttention, perWindow } from '../blocks/packed-attention.js';
import type { LanguageModel } from '../model/types.js';
import { type DrawMode, draw } from './draw.js';

/** The facts that a session is compiled for. */
export interface SessionShape {
  /** Samples that are decoded together, each in a lane of its own. */
  readonly lanes: number;
  /** Slots of the cache to a lane: for the left-padded prompt, then for the new tokens. */
  readonly slots: number;
  /** How the next token is chosen. */
  readonly mode: DrawMode;
  /** Whether the model's adapter takes part. */
  readonly adapter: boolean;
}

/** Two compiled functions over a cache of keys and values, [lanes, KV, slots, headSize] to a layer, in variables. */
export interface Session {
  /**
   * Reads P prompts, left-padded to equal length, fills the cache of each lane with its prompt's keys and values, and draws the
   * first token of each lane. Inputs: ids [P, T], pads [P] (padding before each prompt), prompts [lanes] (which prompt a lane
   * continues), uniform [lanes], sharpness [].
   */
  readonly prefill: EngineFunction<string, string>;
  /**
   * Reads the last token of each lane and draws the next one. Inputs: tokens [lanes], pads [lanes], slot [] (where the tokens' keys
   * and values go), uniform [lanes], sharpness [].
   */
  readonly step: EngineFunction<string, string>;
  /** The cache: keys of all layers, then values. */
  readonly cache: readonly Variable[];
  /** Copies the cache of some lanes of a wider session: lane i becomes the wider session's lane `sources[i]`. */
  adopt(from: Session, sources: Int32Array): Promise<void>;
  /** The size of the cache in bytes. */
  readonly bytes: number;
  dispose(): void;
}

/** Compiles a session. Tracing happens at the first call, once per shape of the prompts. */
export function openSession(model: LanguageModel, { lanes, slots, mode, adapter }: SessionShape): Session {
  const { engine, config } = model;
  const shape = [lanes, config.keyValueHeads, slots, config.headSize];
  const cacheOf = (part: string) =>
    Array.from({ length: config.layers }, (_, layer) => engine.variable(`cache/${layer}/${part}`, shape));
  const keys = cacheOf('keys');
  const values = cacheOf('values');

  const prefill = engine.function<string, string>('prefill', (scope, inputs) => {
    const { ids, pads, prompts, uniform, sharpness } = inputs as Inputs<'ids' | 'pads' | 'prompts'>;
    const [promptCount, length] = ids.shape as [number, number];
    const params = (name: string) => scope.read(model.variable(name));
    const offsets = tf.sub(count(length), tf.reshape(pads, [promptCount, 1])); // [P, T], negative in the padding
    const positions = tf.maximum<tf.Tensor2D>(offsets, tf.scalar(0, 'int32'));
    const groupNumbers = tf.cast<tf.Tensor2D>(tf.greaterEqual(offsets, tf.scalar(0, 'int32')), 'int32');
    const attend = packedAttention({ groupNumbers, answerNumbers: tf.zerosLike(groupNumbers), positions });
    const start = tf.scalar(0, 'int32');
    const ends = tf.range(length - 1, promptCount * length, length, 'int32'); // the last position of each prompt
    const states = model.hidden(
      params,
      { ids: ids as tf.Tensor2D, positions, groupNumbers },
      (layer, q, k, v, settings) => {
        scope.writeSlice(keys[layer] as Variable, tf.gather(k, prompts as tf.Tensor1D), 2, start);
        scope.writeSlice(values[layer] as Variable, tf.gather(v, prompts as tf.Tensor1D), 2, start);
        return attend(layer, q, k, v, settings);
      },
      { adapter, at: ends },
    );
    const logits = model.logits(params, states, { adapter }); // [P, V]
    return draw(mode, tf.gather(logits, prompts as tf.Tensor1D), uniform, sharpness);
  });

  const step = engine.function<string, string>('decode', (scope, inputs) => {
    const { tokens, pads, slot, uniform, sharpness } = inputs as Inputs<'tokens' | 'pads' | 'slot'>;
    const params = (name: string) => scope.read(model.variable(name));
    const first = tf.reshape(pads, [lanes, 1]);
    const visible = tf.logicalAnd(tf.greaterEqual(count(slots), first), tf.lessEqual(count(slots), slot)); // [lanes, slots]
    const biasOf = perWindow(slots, (window) => {
      const near = window === undefined ? visible : tf.logicalAnd(visible, within(slot, count(slots), window));
      return tf.reshape(visibilityBias(near), [lanes, 1, 1, slots]) as tf.Tensor4D;
    });
    const states = model.hidden(
      params,
      { ids: tf.reshape(tokens, [lanes, 1]), positions: tf.sub(slot, first) },
      (layer, q, k, v, settings = {}) => {
        const allKeys = scope.writeSlice(keys[layer] as Variable, k, 2, slot) as tf.Tensor4D;
        const allValues = scope.writeSlice(values[layer] as Variable, v, 2, slot) as tf.Tensor4D;
        return attention(q, allKeys, allValues, biasOf(settings.window), settings);
      },
      { adapter },
    );
    return draw(mode, model.logits(params, states, { adapter }), uniform, sharpness);
  });

  const cache = [...keys, ...values];
  return {
    prefill,
    step,
    cache,
    async adopt(from, sources) {
      const copy = engine.function<string, never>('narrow', (scope, { places }) => {
        cache.forEach((variable, i) => {
          scope.assign(variable, tf.gather(scope.read(from.cache[i] as Variable), places as tf.Tensor1D));
        });
        return {};
      });
      await copy({ places: input(sources) }).finally(() => copy.dispose());
    },
    bytes: 2 * config.layers * 4 * shape.reduce((product, size) => product * size, 1),
    dispose() {
      prefill.dispose();
      step.dispose();
      for (const variable of cache) variable.dispose();
    },
  };
}

type Inputs<Names extends string> = Readonly<Record<Names | 'uniform' | 'sharpness', tf.Tensor>>;

/** 0, 1, … as [1, length]. */
function count(length: number): tf.Tensor {
  return tf.reshape(tf.range(0, length, 1, 'int32'), [1, length]);
}

/** Int32 or float32 numbers as an input of a session. The shape is that of a list unless another is passed; [] is a scalar. */
export function input(data: Float32Array | Int32Array, shape: readonly number[] = [data.length]): Values {
  return { dtype: data instanceof Int32Array ? 'int32' : 'float32', shape, data };
}
