import { DpoError } from '@dpo/base';
import type { Engine, Variable } from '@dpo/engine';
import { checkFinite } from '../files/check-finite.js';
import type { ModelFiles } from '../files/model-files.js';
import { type FrozenStorage, type Rounding, weightStore } from './frozen-weights.js';
import type { WeightPlan } from './weight-plan.js';

/** The keys of the number of layers in configurations. */
const layerKeys = ['num_hidden_layers', 'n_layer', 'n_layers', 'num_layers'] as const;

/**
 * Checks that a configuration has no more layers than the files have tensors, before anything is made for each layer.
 *
 * @throws {DpoError} `model.bad-config` when it has more.
 */
export function checkLayers({ path, config, tensors }: Pick<ModelFiles, 'path' | 'config' | 'tensors'>): void {
  const key = layerKeys.find((name) => Number(config[name]) > tensors.size);
  if (key === undefined) return;
  throw new DpoError(
    'model.bad-config',
    `${path}: config.json says "${key}": ${JSON.stringify(config[key])}, but the files hold only ${tensors.size} tensors.`,
    { values: { path, key, received: config[key] ?? null, tensors: tensors.size } },
  );
}

/** How weights are read. */
export interface ReadOptions {
  /** Called after each weight with the bytes so far and the bytes of all weights, as the files store them. */
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined;
  /** How matrices are stored, for a model that is not trained itself. Default float32. */
  readonly storage?: FrozenStorage | undefined;
}

/**
 * Reads weights into variables, one at a time.
 *
 * @param places the name of each weight's tensor in the files
 * @returns the variables, and what rounding has changed
 * @throws {DpoError} `model.not-finite`, and the errors of reading files.
 */
export async function readWeights(
  engine: Engine,
  plan: Pick<WeightPlan, 'weights'> & { readonly unembedding?: string | undefined },
  source: ModelFiles,
  places: ReadonlyMap<string, string>,
  { onProgress, storage = 'float32' }: ReadOptions = {},
): Promise<{ readonly weights: Map<string, Variable>; readonly rounding: Rounding | undefined }> {
  const store = weightStore(engine, storage, plan.unembedding);
  const weights = new Map<string, Variable>();
  const bytesOf = (place: string) => source.tensors.get(place)?.byteLength ?? 0;
  const total = [...places.values()].reduce((sum, place) => sum + bytesOf(place), 0);
  // One buffer serves all weights: a buffer for each would wait for the garbage collector, and together take as much memory as
  // the model.
  const buffer = new Float32Array(Math.max(0, ...[...plan.weights.values()].map(({ shape }) => sizeOf(shape))));
  let bytes = 0;
  try {
    for (const [name, { shape }] of plan.weights) {
      const place = places.get(name) as string;
      const data = await source.read(place, buffer);
      checkFinite(source.path, place, data);
      weights.set(name, store.add(name, shape, data));
      bytes += bytesOf(place);
      onProgress?.(bytes, total);
    }
  } catch (error) {
    for (const variable of weights.values()) variable.dispose();
    throw error;
  }
  return { weights, rounding: store.rounding() };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
