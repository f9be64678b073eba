import type { Engine, EngineFunction, Storage, Values, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { attention } from '../blocks/attention.js';
import { visibilityBias } from '../blocks/attention-bias.js';
import { packedAttention, perWindow } from '../blocks/packed-attention.js';
import type { LanguageModel } from '../model/types.js';
import { cacheBytes } from './cache-room.js';
import { type DrawMode, draw } from './draw.js';
import type { DecodingWeights } from './rounded-weights.js';

/** The facts that a session is compiled for. */
export interface SessionShape {
  /** Samples that are decoded together, each in a lane of its own. */
  readonly lanes: number;
  /** Slots of the cache to a lane, a ring: behind the last slot comes the first. At least as many as a text has tokens. */
  readonly slots: number;
  /** How the next token is chosen. */
  readonly mode: DrawMode;
  /** Whether the model's adapter takes part. */
  readonly adapter: boolean;
}

/** Two compiled functions over a cache of keys and values, [lanes, KV, slots, headSize] to a layer, in variables. */
export interface Session {
  /**
   * Reads P prompts, left-padded to equal length, writes their keys and values into the N lanes that continue them, and draws the
   * first token of each of these lanes. Inputs: ids [P, T], pads [P] (padding before each prompt), lanes [N] (their numbers),
   * prompts [N] (which prompt a lane continues), slot [] (the slot behind the prompts), uniform [N], sharpness [].
   */
  readonly prefill: EngineFunction<string, string>;
  /**
   * Reads the last token of each lane and draws the next one. Inputs: tokens [lanes], positions [lanes] (of the tokens in their
   * texts), slot [] (where the tokens' keys and values go), uniform [lanes], sharpness [].
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

/** How an engine stores keys and values: as its products take them, so that nothing is rounded that would not be rounded there. */
export function cacheStorage({ precision }: Pick<Engine, 'precision'>): { storage: Storage; bytes: number } {
  return precision === 'bfloat16' ? { storage: 'bfloat16', bytes: 2 } : { storage: 'float32', bytes: 4 };
}

/** Compiles a session. Tracing happens at the first call, once per shape of the prompts. */
export function openSession(
  model: LanguageModel,
  weights: Pick<DecodingWeights, 'variable'>,
  { lanes, slots, mode, adapter }: SessionShape,
): Session {
  const { engine, config } = model;
  const shape = [lanes, config.keyValueHeads, slots, config.headSize];
  const { storage, bytes } = cacheStorage(engine);
  const cacheOf = (part: string) =>
    Array.from({ length: config.layers }, (_, layer) =>
      engine.variable(`cache/${layer}/${part}`, shape, undefined, { storage }),
    );
  const keys = cacheOf('keys');
  const values = cacheOf('values');

  const prefill = engine.function<string, string>('prefill', (scope, inputs) => {
    const { ids, pads, prompts, slot, uniform, sharpness } = inputs as Inputs<'ids' | 'pads' | 'prompts' | 'slot'>;
    const [promptCount, length] = ids.shape as [number, number];
    const params = (name: string) => scope.read(weights.variable(name));
    const offsets = tf.sub(count(length), tf.reshape(pads, [promptCount, 1])); // [P, T], negative in the padding
    const positions = tf.maximum<tf.Tensor2D>(offsets, tf.scalar(0, 'int32'));
    const groupNumbers = tf.cast<tf.Tensor2D>(tf.greaterEqual(offsets, tf.scalar(0, 'int32')), 'int32');
    const attend = packedAttention({ groupNumbers, answerNumbers: tf.zerosLike(groupNumbers), positions });
    const places = placesOf(inputs.lanes as tf.Tensor1D, tf.sub(slot, tf.scalar(length, 'int32')), length); // [N · KV · T]
    const write = (variable: Variable, x: tf.Tensor4D) => {
      const ofLanes = tf.gather(x, prompts as tf.Tensor1D); // [N, KV, T, headSize]
      scope.writeRows(variable, places, tf.reshape(ofLanes, [-1, config.headSize]));
    };
    const ends = tf.range(length - 1, promptCount * length, length, 'int32'); // the last position of each prompt
    const states = model.hidden(
      params,
      { ids: ids as tf.Tensor2D, positions, groupNumbers },
      (layer, q, k, v, settings) => {
        write(keys[layer] as Variable, k);
        write(values[layer] as Variable, v);
        return attend(layer, q, k, v, settings);
      },
      { adapter, at: ends },
    );
    const logits = model.logits(params, states, { adapter }); // [P, V]
    return draw(mode, tf.gather(logits, prompts as tf.Tensor1D), uniform, sharpness);
  });

  const step = engine.function<string, string>('decode', (scope, inputs) => {
    const { tokens, slot, uniform, sharpness } = inputs as Inputs<'tokens' | 'positions' | 'slot'>;
    const params = (name: string) => scope.read(weights.variable(name));
    const positions = tf.reshape(inputs.positions as tf.Tensor, [lanes, 1]) as tf.Tensor2D;
    const ages = around(tf.sub(slot, count(slots)), slots); // [1, slots], how many tokens ago a slot was written
    const visible = tf.lessEqual(ages, positions); // [lanes, slots]
    const biasOf = perWindow(slots, (window) => {
      const near = window === undefined ? visible : tf.logicalAnd(visible, tf.less(ages, tf.scalar(window, 'int32')));
      return tf.reshape(visibilityBias(near), [lanes, 1, 1, slots]) as tf.Tensor4D;
    });
    const states = model.hidden(
      params,
      { ids: tf.reshape(tokens, [lanes, 1]), positions },
      (layer, q, k, v, settings = {}) => {
        const allKeys = scope.writeSlice(keys[layer] as Variable, k, 2, slot) as tf.Tensor4D;
        const allValues = scope.writeSlice(values[layer] as Variable, v, 2, slot) as tf.Tensor4D;
        return attention(q, allKeys, allValues, biasOf(settings.window), settings);
      },
      { adapter },
    );
    return draw(mode, model.logits(params, states, { adapter }), uniform, sharpness);
  });

  /** The rows of the cache, viewed as [lanes · KV · slots, headSize], of `length` slots of some lanes from slot `first` on. */
  function placesOf(ofLanes: tf.Tensor1D, first: tf.Tensor, length: number): tf.Tensor1D {
    const heads = config.keyValueHeads;
    const ints = (value: number) => tf.scalar(value, 'int32');
    const along = around(tf.add(first, count(length)), slots); // [1, T]
    const ofHeads = tf.add(tf.mul(tf.reshape(ofLanes, [-1, 1]), ints(heads)), count(heads)); // [N, KV]
    const starts = tf.mul(tf.reshape(ofHeads, [-1, 1]), ints(slots)); // [N · KV, 1]
    return tf.reshape(tf.add(starts, along), [-1]);
  }

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
    bytes: cacheBytes(config, { lanes, slots, bytes }),
    dispose() {
      prefill.dispose();
      step.dispose();
      for (const variable of cache) variable.dispose();
    },
  };
}

type Inputs<Names extends string> = Readonly<Record<Names | 'uniform' | 'sharpness', tf.Tensor>>;

/** Numbers from −slots on as slots of the ring. */
function around(numbers: tf.Tensor, slots: number): tf.Tensor {
  const below = tf.cast(tf.less(numbers, tf.scalar(0, 'int32')), 'int32');
  return tf.add(numbers, tf.mul(below, tf.scalar(slots, 'int32')));
}

/** 0, 1, … as [1, length]. */
function count(length: number): tf.Tensor {
  return tf.reshape(tf.range(0, length, 1, 'int32'), [1, length]);
}

/** Int32 or float32 numbers as an input of a session. The shape is that of a list unless another is passed; [] is a scalar. */
export function input(data: Float32Array | Int32Array, shape: readonly number[] = [data.length]): Values {
  return { dtype: data instanceof Int32Array ? 'int32' : 'float32', shape, data };
}
