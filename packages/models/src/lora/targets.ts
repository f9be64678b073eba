import { DpoError, nearest } from '@dpo/base';
import type { Decoder } from '../architectures/types.js';

/** A linear layer and its sizes. */
export interface LinearLayer {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
}

/** The linear layers of a decoder: all but the embeddings and the head. */
export function linearLayers(decoder: Decoder): LinearLayer[] {
  return [...decoder.weights]
    .filter(([, { kind }]) => kind === 'linear')
    .map(([name, { shape }]) => {
      const [first = 0, second = 0] = shape;
      const [outputs, inputs] = decoder.linearLayout === 'out-in' ? [first, second] : [second, first];
      return { name: name.slice(0, -'.weight'.length), inputs, outputs };
    });
}

/**
 * The layers that are meant as PEFT reads `target_modules`. A name in a list means each layer that is called so, or
 * whose name ends with it after a dot. A text is a regular expression of the whole name. Layers in modules that are
 * saved in full are not adapted.
 *
 * @throws DpoError `lora.unknown-target` for what means no layer, `lora.bad-pattern` for what is no regular expression
 */
export function targetLayers(
  decoder: Decoder,
  targets: readonly string[] | string,
  modulesToSave: readonly string[] = [],
): LinearLayer[] {
  const all = linearLayers(decoder);
  const isTarget = typeof targets === 'string' ? patternOf(targets) : namesOf(targets, all, decoder);
  const layers = all.filter(({ name }) => isTarget(name) && !modulesToSave.some((module) => isWithin(name, module)));
  if (layers.length === 0) throw unknownTarget(typeof targets === 'string' ? targets : undefined, allTargets(decoder));
  return layers;
}

/** Whether targets mean these layers and no others. */
export function areTargets(
  decoder: Decoder,
  {
    targets,
    modulesToSave,
  }: { readonly targets: readonly string[] | string; readonly modulesToSave: readonly string[] },
  layers: readonly string[],
): boolean {
  try {
    const targeted = targetLayers(decoder, targets, modulesToSave);
    return targeted.length === layers.length && targeted.every(({ name }) => layers.includes(name));
  } catch (error) {
    // What means nothing in this model is no reason to refuse an adapter whose tensors fit.
    if (DpoError.is(error)) return false;
    throw error;
  }
}

/** Names that together mean all linear layers: q_proj, k_proj, … */
export function allTargets(decoder: Decoder): string[] {
  return [...new Set(linearLayers(decoder).map(({ name }) => name.split('.').at(-1) as string))];
}

function namesOf(targets: readonly string[], all: readonly LinearLayer[], decoder: Decoder) {
  const isNamed = (target: string, name: string) => name === target || name.endsWith(`.${target}`);
  const unknown = targets.find((target) => !all.some(({ name }) => isNamed(target, name)));
  if (unknown !== undefined) throw unknownTarget(unknown, allTargets(decoder));
  return (name: string) => targets.some((target) => isNamed(target, name));
}

function isWithin(layer: string, module: string): boolean {
  return `.${layer}.`.includes(`.${module}.`);
}

/** A regular expression in Python's notation, as far as JavaScript's differs only in named groups. */
function patternOf(pattern: string): (name: string) => boolean {
  try {
    const expression = new RegExp(`^(?:${pattern.replaceAll('(?P<', '(?<')})$`);
    return (name) => expression.test(name);
  } catch (cause) {
    throw new DpoError('lora.bad-pattern', `${JSON.stringify(pattern)} is not a regular expression.`, {
      values: { pattern },
      hint: "Give a list of layers' names, 'all-linear', or a regular expression of whole names such as '.*self_attn.*'.",
      cause,
    });
  }
}

function unknownTarget(target: string | undefined, known: readonly string[]): DpoError {
  if (target === undefined) return new DpoError('lora.unknown-target', 'No layer is left to be adapted.');
  const close = nearest(target, known);
  return new DpoError(
    'lora.unknown-target',
    `No linear layer is called ${JSON.stringify(target)}; there are ${known.join(', ')}.`,
    {
      values: { target, known },
      hint: close === undefined ? "Use 'all-linear' for all of them." : `Did you mean ${close}?`,
    },
  );
}
