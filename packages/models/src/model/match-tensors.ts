import type { DpoError } from '@dpo/base';
import type { ModelFiles } from '../files/model-files.js';
import { checkUnquantised } from './quantised.js';
import { ambiguousTensor, anotherHead, extraTensors, missingTensors, wrongShape } from './tensor-errors.js';
import { plainNames } from './tensor-names.js';
import type { WeightPlan } from './weight-plan.js';

/** Where a model's weights are in its files. */
export interface MatchedTensors {
  /** The name of each weight's tensor in the files. */
  readonly places: Map<string, string>;
  /**
   * The tensor of a head that the configuration ties to the embedding, when the files have both: a copy of the embedding, or
   * a head with its own numbers.
   */
  readonly head: string | undefined;
  /** Tensors of a value head, without which the model is computed. */
  readonly valueHead: readonly string[];
}

/** Constants that older versions of transformers saved with the weights. */
const constants = /(^|\.)(rotary_emb\.inv_freq|position_ids)$/;

/** The value head of a model that was trained with PPO. */
const valueHead = /^(v_head|value_head)\./;

/**
 * The tensor of each weight in the files, checked by name and shape before anything is read. Names may have parts that
 * transformers' own loading removes or adds: see `plainName`.
 *
 * When the files lack the embedding but have a tied head, the head serves as the embedding.
 *
 * @throws {DpoError} `model.quantised`, `model.extra-tensor`, `model.wrong-shape`, and the errors of {@link missingTensors}.
 */
export function matchTensors(plan: WeightPlan, source: ModelFiles, extra: 'error' | 'ignore'): MatchedTensors {
  const plain = plainNames(source.tensors.keys());
  checkUnquantised(source, plain, (name) => plan.isExtra(name) || constants.test(name));
  const find = (name: string): string | undefined => {
    const matches = namesOf(name, plan).flatMap((candidate) => plain.get(candidate) ?? []);
    if (matches.length > 1) throw ambiguousTensor(source, name, matches);
    return matches[0];
  };
  const headPlace = plan.head?.tiedTo === undefined ? undefined : find(plan.head.name);
  const places = new Map<string, string>();
  const missing: string[] = [];
  let shapeError: DpoError | undefined;
  for (const [name, { shape }] of plan.weights) {
    const place = find(name) ?? (name === plan.head?.tiedTo ? headPlace : undefined);
    const shapeInFile = place === undefined ? undefined : source.tensors.get(place)?.shape;
    if (place === undefined || shapeInFile === undefined) missing.push(name);
    else {
      if (shapeInFile.join() !== shape.join()) shapeError ??= wrongShape(source, place, shape, shapeInFile);
      places.set(name, place);
    }
  }
  if (missing.length > 0) throw missingTensors(plan, source, missing);
  if (shapeError !== undefined) throw shapeError;
  const embedding = plan.head?.tiedTo === undefined ? undefined : places.get(plan.head.tiedTo);
  const head = headPlace === embedding ? undefined : headPlace;
  if (head !== undefined) checkHeadShape(source, head, embedding as string);

  const matches = new Set([...places.values(), head]);
  const rest = [...plain].filter(
    ([name, tensors]) => !plan.isExtra(name) && !constants.test(name) && !matches.has(tensors[0]),
  );
  const unknown = rest.filter(([name]) => !valueHead.test(name)).flatMap(([, tensors]) => tensors);
  if (extra === 'error' && unknown.length > 0)
    throw anotherHead(plan, source, unknown) ?? extraTensors(source, unknown, plan.modelType);
  return { places, head, valueHead: rest.filter(([name]) => valueHead.test(name)).flatMap(([, tensors]) => tensors) };
}

/** The names that a weight may have in files: with and without the body's prefix, and for the head also its other names. */
function namesOf(name: string, { prefix, head }: WeightPlan): string[] {
  const names = name === head?.name ? [name, ...head.aliases] : [name];
  return [
    ...new Set(names.flatMap((each) => [each, each.startsWith(prefix) ? each.slice(prefix.length) : prefix + each])),
  ];
}

function checkHeadShape(source: ModelFiles, head: string, embedding: string): void {
  const [shape, expected] = [source.tensors.get(head)?.shape ?? [], source.tensors.get(embedding)?.shape ?? []];
  if (shape.join() !== expected.join()) throw wrongShape(source, head, expected, shape);
}
