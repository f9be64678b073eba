import { DpoError, nearest } from '@dpo/base';
import type { Decoder } from '../architectures/types.js';
import { type Adapter, savedWeightName } from './types.js';

/** The shapes of all weights that an adapter can save in full: the model's weights, and a tied head. */
export function savableWeights(decoder: Decoder): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>([...decoder.weights].map(([name, { shape }]) => [name, shape]));
  const embedding = decoder.weights.get(decoder.unembedding)?.shape;
  if (decoder.config.tiedHead && embedding !== undefined) shapes.set(decoder.head, embedding);
  return shapes;
}

/**
 * The weights of PEFT's `modules_to_save`: all weights in or below a module whose name ends with one of the names.
 *
 * @param modules the names
 * @throws {DpoError} `lora.unknown-module` for a name with which no module's name ends.
 */
export function weightsToSave(decoder: Decoder, modules: readonly string[]): string[] {
  const all = [...savableWeights(decoder).keys()];
  const belongs = (weight: string, module: string) =>
    isIn(weight, module) || isIn(nameInModel(decoder, weight), module);
  const unknown = modules.find((module) => !all.some((weight) => belongs(weight, module)));
  if (unknown !== undefined) throw unknownModule(unknown, all);
  return all.filter((weight) => modules.some((module) => belongs(weight, module)));
}

/** A weight's name in transformers' model, which PEFT uses. */
export function nameInModel({ head, headInModel = head }: Decoder, weight: string): string {
  return weight === head ? headInModel : weight;
}

/** The names of modules in transformers' model. */
export function modulesInModel(decoder: Decoder, modules: readonly string[]): readonly string[] {
  const module = (weight: string) => weight.slice(0, -'.weight'.length);
  const { head } = decoder;
  return modules.map((name) => (name === module(head) ? module(nameInModel(decoder, head)) : name));
}

/** Whether a weight is in or below a module whose name ends with `module`: a.b.c.weight is in a.b.c, a.b and a. */
function isIn(weight: string, module: string): boolean {
  const parts = weight.split('.').slice(0, -1);
  return parts.some((_, last) =>
    parts
      .slice(0, last + 1)
      .join('.')
      .endsWith(module),
  );
}

function unknownModule(module: string, weights: readonly string[]): DpoError {
  const names = [...new Set(weights.map((weight) => weight.split('.').at(-2) as string))];
  const close = nearest(module, names);
  return new DpoError(
    'lora.unknown-module',
    `No module is called ${JSON.stringify(module)}; there are ${names.join(', ')}.`,
    { values: { module, known: names }, ...(close === undefined ? {} : { hint: `Did you mean ${close}?` }) },
  );
}

/** The parameter in the place of a base's weight: the adapter's own version if it has one, else the weight. */
export function parameterName(adapter: Adapter | undefined, weight: string): string {
  return adapter?.savedWeights.has(weight) ? savedWeightName(weight) : weight;
}

/**
 * The parameter that turns hidden states into logits. As in PEFT, a tied head stays tied to the base's embedding, even when the
 * adapter has its own embedding, unless the adapter has a head of its own.
 */
export function headParameterName(decoder: Decoder, adapter: Adapter | undefined): string {
  if (!decoder.config.tiedHead) return parameterName(adapter, decoder.unembedding);
  return adapter?.savedWeights.has(decoder.head) ? savedWeightName(decoder.head) : decoder.unembedding;
}
