import type { DpoError } from '@dpo/base';
import type { ModelFiles } from '../files/model-files.js';
import { checkUnquantised } from './quantised.js';
import { ambiguousTensor, anotherHead, extraTensors, missingTensors, wrongShape } from './tensor-errors.js';
import { plainNames } from './tensor-names.js';
import type { WeightPlan } from './weight-plan.js';

/** Where a model's weights are in its files. */
export interface MatchedTensors {
  /** The tensor of the files behind each weight. */
  readonly places: Map<string, string>;
  /** The files' head beside the embedding that it is tied to by the configuration: a copy, or a head of its own. */
  readonly head: string | undefined;
  /** Tensors of other parts that were trained along, which the model is computed without. */
  readonly leftAside: readonly string[];
}

/** Constants that older versions of transformers saved with the weights. */
const constants = /(^|\.)(rotary_emb\.inv_freq|position_ids)$/;

/** The value head of a model that was trained by PPO. */
const valueHead = /^(v_head|value_head)\./;

/**
 * The tensor of the files behind each weight, checked by name and shape before anything is read. Names may have what
 * transformers' own loading removes or adds: see `plainName`.
 *
 * A head that is tied, whose embedding the files lack, stands for the embedding.
 *
 * @throws DpoError `model.quantised`, `model.missing-tensor`, `model.extra-tensor`, `model.wrong-shape`, and what
 * {@link missingTensors} makes of files that are no language model's
 */
export function matchTensors(plan: WeightPlan, source: ModelFiles, extra: 'error' | 'ignore'): MatchedTensors {
  const plain = plainNames(source.tensors.keys());
  checkUnquantised(source, plain, (name) => plan.isExtra(name) || constants.test(name));
  const find = (name: string): string | undefined => {
    const found = namesOf(name, plan).flatMap((candidate) => plain.get(candidate) ?? []);
    if (found.length > 1) throw ambiguousTensor(source, name, found);
    return found[0];
  };
  const headPlace = plan.head?.tiedTo === undefined ? undefined : find(plan.head.name);
  const places = new Map<string, string>();
  const missing: string[] = [];
  let wrong: DpoError | undefined;
  for (const [name, { shape }] of plan.weights) {
    const place = find(name) ?? (name === plan.head?.tiedTo ? headPlace : undefined);
    const has = place === undefined ? undefined : source.tensors.get(place)?.shape;
    if (place === undefined || has === undefined) missing.push(name);
    else {
      if (has.join() !== shape.join()) wrong ??= wrongShape(source, place, shape, has);
      places.set(name, place);
    }
  }
  if (missing.length > 0) throw missingTensors(plan, source, missing);
  if (wrong !== undefined) throw wrong;
  const embedding = plan.head?.tiedTo === undefined ? undefined : places.get(plan.head.tiedTo);
  const head = headPlace === embedding ? undefined : headPlace;
  if (head !== undefined) checkHeadShape(source, head, embedding as string);

  const used = new Set([...places.values(), head]);
  const rest = [...plain].filter(
    ([name, places]) => !plan.isExtra(name) && !constants.test(name) && !used.has(places[0]),
  );
  const unknown = rest.filter(([name]) => !valueHead.test(name)).flatMap(([, places]) => places);
  if (extra === 'error' && unknown.length > 0)
    throw anotherHead(plan, source, unknown) ?? extraTensors(source, unknown, plan.modelType);
  return { places, head, leftAside: rest.filter(([name]) => valueHead.test(name)).flatMap(([, places]) => places) };
}

/** What a weight may be called: with and without the body's prefix, the head also by its other names and behind it. */
function namesOf(name: string, { prefix, head }: WeightPlan): string[] {
  const names = name === head?.name ? [name, ...head.aliases] : [name];
  return [
    ...new Set(
      names.flatMap((given) => [given, given.startsWith(prefix) ? given.slice(prefix.length) : prefix + given]),
    ),
  ];
}

function checkHeadShape(source: ModelFiles, head: string, embedding: string): void {
  const [has, wants] = [source.tensors.get(head)?.shape ?? [], source.tensors.get(embedding)?.shape ?? []];
  if (has.join() !== wants.join()) throw wrongShape(source, head, wants, has);
}
