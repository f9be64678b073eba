import type { LanguageModel } from '../model/types.js';
import type { LinearLayer } from './targets.js';

/** The Euclidean norm of the weights of each output of a layer, [out], with sums in double precision. */
export async function rowNorms({ weights, decoder }: LanguageModel, layer: LinearLayer): Promise<Float32Array> {
  const { inputs, outputs } = layer;
  const values = (await weights.get(`${layer.name}.weight`)?.read()) ?? new Float32Array(0);
  const outputsFirst = decoder.linearLayout === 'out-in';
  const squares = new Float64Array(outputs);
  for (let i = 0; i < values.length; i++) {
    const output = outputsFirst ? Math.floor(i / inputs) : i % outputs;
    squares[output] = (squares[output] as number) + (values[i] as number) ** 2;
  }
  return Float32Array.from(squares, Math.sqrt);
}
