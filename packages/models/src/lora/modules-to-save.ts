import { DpoError, nearest } from '@dpo/base';
import type { Decoder } from '../architectures/types.js';
import { type Adapter, savedWeightName } from './types.js';

/** The shapes of all weights that an adapter can save in full: the model's, and a head where it is tied. */
export function savableWeights(decoder: Decoder): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>([...decoder.weights].map(([name, { shape }]) => [name, shape]));
  const embedding = decoder.weights.get(decoder.unembedding)?.shape;
  if (decoder.config.tiedHead && embedding !== undefined) shapes.set(decoder.head, embedding);
  return shapes;
}

/**
 * The weights that are meant by `modules_to_save` as PEFT reads it: those in or below a module whose name ends with one
 * of the given.
 *
 * @throws DpoError `lora.unknown-module` for a name that means none
 */
export function weightsToSave(decoder: Decoder, modules: readonly string[]): string[] {
  const all = [...savableWeights(decoder).keys()];
  const names = (weight: string, module: string) => isIn(weight, module) || isIn(nameInModel(decoder, weight), module);
  const unknown = modules.find((module) => !all.some((weight) => names(weight, module)));
  if (unknown !== undefined) throw unknownModule(unknown, all);
  return all.filter((weight) => modules.some((module) => names(weight, module)));
}

/** A weight's name in transformers' model, which is what PEFT knows. */
export function nameInModel({ head, headInModel = head }: Decoder, weight: string): string {
  return weight === head ? headInModel : weight;
}

/** The modules by the names that they have in transformers' model. */
export function modulesInModel(decoder: Decoder, modules: readonly string[]): readonly string[] {
  const module = (weight: string) => weight.slice(0, -'.weight'.length);
  const { head } = decoder;
  return modules.map((name) => (name === module(head) ? module(nameInModel(decoder, head)) : name));
}

/** The module of a weight and those above it: a.b.c.weight is in a.b.c, a.b and a. */
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
  const known = [...new Set(weights.map((weight) => weight.split('.').at(-2) as string))];
  const close = nearest(module, known);
  return new DpoError(
    'lora.unknown-module',
    `No module is called ${JSON.stringify(module)}; there are ${known.join(', ')}.`,
    { values: { module, known }, ...(close === undefined ? {} : { hint: `Did you mean ${close}?` }) },
  );
}

/** The parameter that stands for a weight of the base: the adapter's own version where it has one. */
export function parameterName(adapter: Adapter | undefined, weight: string): string {
  return adapter?.saved.has(weight) ? savedWeightName(weight) : weight;
}

/**
 * The parameter that turns hidden states into logits. A head that is tied to the embedding stays tied to the base's,
 * whatever the adapter makes of the embedding, unless the adapter has a head of its own: so it is in PEFT.
 */
export function headParameterName(decoder: Decoder, adapter: Adapter | undefined): string {
  if (!decoder.config.tiedHead) return parameterName(adapter, decoder.unembedding);
  return adapter?.saved.has(decoder.head) ? savedWeightName(decoder.head) : decoder.unembedding;
}
