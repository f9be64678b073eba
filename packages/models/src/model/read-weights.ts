import { DpoError } from '@dpo/base';
import type { Engine, Variable } from '@dpo/engine';
import { checkFinite } from '../files/check-finite.js';
import type { ModelFiles } from '../files/model-files.js';

/** The weights that a model's files must hold. */
export interface WeightPlan {
  readonly modelType: string;
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** What stands before the names of all weights but the head's; files may leave it out. */
  readonly prefix: string;
  /** True for a tensor that files may hold besides. */
  isExtra(name: string): boolean;
}

/** What configurations call the number of layers. */
const layerKeys = ['num_hidden_layers', 'n_layer', 'n_layers', 'num_layers'] as const;

/**
 * Throws `model.bad-config` where a configuration speaks of more layers than the files have tensors, before anything is
 * made for each layer.
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

/**
 * The tensor of the files behind each weight, checked by name and shape before anything is read.
 *
 * Throws `model.missing-tensor`, `model.extra-tensor`, `model.wrong-shape`.
 */
export function matchTensors(plan: WeightPlan, source: ModelFiles, extra: 'error' | 'ignore'): Map<string, string> {
  const places = new Map<string, string>();
  const missing: string[] = [];
  for (const [name, { shape }] of plan.weights) {
    const bare = name.startsWith(plan.prefix) ? name.slice(plan.prefix.length) : name;
    const place = source.tensors.has(name) ? name : bare;
    const entry = source.tensors.get(place);
    if (entry === undefined) missing.push(name);
    else if (entry.shape.join() !== shape.join()) throw wrongShape(source, place, shape, entry.shape);
    places.set(name, place);
  }
  if (missing.length > 0) throw missingTensors(source, missing);
  if (extra === 'error') {
    const used = new Set(places.values());
    const unknown = [...source.tensors.keys()].filter((name) => !used.has(name) && !plan.isExtra(name));
    if (unknown.length > 0) throw extraTensors(source, unknown, plan.modelType);
  }
  return places;
}

/** Reads weights into variables, one at a time. Throws `model.not-finite`. */
export async function readWeights(
  engine: Engine,
  plan: Pick<WeightPlan, 'weights'>,
  source: ModelFiles,
  places: ReadonlyMap<string, string>,
  onProgress?: (bytes: number, total: number) => void,
): Promise<Map<string, Variable>> {
  const weights = new Map<string, Variable>();
  const bytesOf = (place: string) => source.tensors.get(place)?.byteLength ?? 0;
  const total = [...places.values()].reduce((sum, place) => sum + bytesOf(place), 0);
  // One room for all of them: a new one for each would wait for the garbage collector, and weigh as much as the model.
  const room = new Float32Array(Math.max(0, ...[...plan.weights.values()].map(({ shape }) => sizeOf(shape))));
  let bytes = 0;
  try {
    for (const [name, { shape }] of plan.weights) {
      const place = places.get(name) as string;
      const data = await source.read(place, room);
      checkFinite(source.path, place, data);
      weights.set(name, engine.variable(name, shape, data));
      bytes += bytesOf(place);
      onProgress?.(bytes, total);
    }
  } catch (error) {
    for (const variable of weights.values()) variable.dispose();
    throw error;
  }
  return weights;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function missingTensors({ path }: ModelFiles, missing: readonly string[]): DpoError {
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return new DpoError('model.missing-tensor', `${path} lacks ${missing.slice(0, 3).join(', ')}${more}.`, {
    values: { path, missing },
    hint: 'Its config.json may belong to another model, or a part of its weights was not fetched.',
  });
}

function extraTensors({ path }: ModelFiles, extra: readonly string[], modelType: string): DpoError {
  const more = extra.length > 3 ? ` and ${extra.length - 3} more` : '';
  return new DpoError(
    'model.extra-tensor',
    `${path} holds tensors that are no part of a ${modelType} model as its config.json describes it: ${extra.slice(0, 3).join(', ')}${more}.`,
    { values: { path, extra }, hint: 'Without them the results would differ from those of the model that was saved.' },
  );
}

function wrongShape(
  { path }: ModelFiles,
  tensor: string,
  expected: readonly number[],
  received: readonly number[],
): DpoError {
  return new DpoError(
    'model.wrong-shape',
    `${path}, tensor "${tensor}" is [${received.join(', ')}], but config.json asks for [${expected.join(', ')}].`,
    { values: { path, tensor, expected, received } },
  );
}
