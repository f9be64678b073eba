import type { RegionShader } from '@dpo/engine';

/** What an elementwise shader computes. */
export interface Elementwise {
  /** The tensors of the outputs' shape, or of the shape of its last axis, in the order of the region's arguments. */
  readonly inputs: readonly string[];
  /**
   * The outputs, each with its value at element `i` in WGSL. Element `i` is in the column `i % width`, where `width` is the length of
   * the last axis.
   */
  readonly outputs: Readonly<Record<string, string>>;
  /** The inputs that have the shape of the last axis. Default: none. */
  readonly vectors?: readonly string[];
  readonly functions?: string;
}

/** A region's shader of one dispatch, whose outputs have the shape of the first input. */
export function elementwiseShader({ inputs, outputs, vectors = [], functions = '' }: Elementwise): RegionShader {
  const names = Object.keys(outputs);
  return {
    inputs,
    outputs: names,
    sizes: ['width'],
    functions,
    plan: (...shapes) => {
      const whole = shapes[0] ?? [];
      const width = whole.at(-1) ?? 1;
      const fits = shapes.every(
        (shape, i) => `${shape}` === (vectors.includes(inputs[i] as string) ? `${width}` : `${whole}`),
      );
      if (!fits) return undefined;
      return { tensors: Object.fromEntries(names.map((name) => [name, whole])), sizes: { width } };
    },
    passes: [
      {
        reads: inputs,
        writes: names,
        over: { elementsOf: inputs[0] as string },
        code: Object.entries(outputs)
          .map(([name, value]) => `${name}[i] = ${value};`)
          .join('\n'),
      },
    ],
  };
}

/** σ(x) in WGSL. */
export const sigmoid = 'fn sigmoid(x : f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }';
