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
 * The layers of PEFT's `target_modules`. A name in a list stands for each layer with that name, or whose name ends with it after
 * a dot. A text is a regular expression of the whole name. Layers in modules that are saved in full are not adapted.
 *
 * @throws {DpoError} `lora.unknown-target` for a name or pattern without a layer, `lora.bad-pattern` for an invalid regular
 * expression.
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

/** Whether the targets are exactly these layers. */
export function areTargets(
  decoder: Decoder,
  {
    targets,
    modulesToSave,
  }: { readonly targets: readonly string[] | string; readonly modulesToSave: readonly string[] },
  layers: readonly string[],
): boolean {
  try {
    const matches = targetLayers(decoder, targets, modulesToSave);
    return matches.length === layers.length && matches.every(({ name }) => layers.includes(name));
  } catch (error) {
    // A target without a layer in this model is no reason to refuse an adapter whose tensors fit.
    if (DpoError.is(error)) return false;
    throw error;
  }
}

/** The names of all linear layers without their paths: q_proj, k_proj, … */
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

/** A regular expression in Python's notation. Of its differences from JavaScript's, only named groups are translated. */
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

function unknownTarget(target: string | undefined, names: readonly string[]): DpoError {
  if (target === undefined) return new DpoError('lora.unknown-target', 'No layer is left to be adapted.');
  const close = nearest(target, names);
  return new DpoError(
    'lora.unknown-target',
    `No linear layer is called ${JSON.stringify(target)}; there are ${names.join(', ')}.`,
    {
      values: { target, known: names },
      hint: close === undefined ? "Use 'all-linear' for all of them." : `Did you mean ${close}?`,
    },
  );
}
