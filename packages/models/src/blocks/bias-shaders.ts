import { elementwiseShader } from './_elementwise-shader.js';

/** `residualSum` in one dispatch. */
export const residualSumShader = elementwiseShader({
  inputs: ['residual', 'x', 'bias'],
  vectors: ['bias'],
  outputs: { y: 'residual[i] + x[i] + bias[i % width]' },
});
