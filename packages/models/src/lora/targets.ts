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
 * The layers that are meant by names as PEFT reads them: a name means each layer that is called so, or whose name ends
 * with it after a dot.
 *
 * Throws `lora.unknown-target` for a name that means none.
 */
export function targetLayers(decoder: Decoder, targets: readonly string[]): LinearLayer[] {
  const all = linearLayers(decoder);
  const meant = (target: string) => (name: string) => name === target || name.endsWith(`.${target}`);
  const unknown = targets.find((target) => !all.some(({ name }) => meant(target)(name)));
  if (unknown !== undefined || targets.length === 0) throw unknownTarget(unknown, allTargets(decoder));
  return all.filter(({ name }) => targets.some((target) => meant(target)(name)));
}

/** Names that together mean all linear layers: q_proj, k_proj, … */
export function allTargets(decoder: Decoder): string[] {
  return [...new Set(linearLayers(decoder).map(({ name }) => name.split('.').at(-1) as string))];
}

function unknownTarget(target: string | undefined, known: readonly string[]): DpoError {
  if (target === undefined) return new DpoError('lora.unknown-target', 'No layer is named to be adapted.');
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
