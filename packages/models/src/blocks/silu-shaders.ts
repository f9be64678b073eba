import { elementwiseShader, sigmoid } from './_elementwise-shader.js';

/** `siluProduct` in one dispatch. */
export const siluProductShader = elementwiseShader({
  inputs: ['gate', 'up'],
  outputs: { y: 'gate[i] * sigmoid(gate[i]) * up[i]' },
  functions: sigmoid,
});

/** `siluProductGradient` in one dispatch. */
export const siluProductGradientShader = elementwiseShader({
  inputs: ['dy', 'gate', 'up'],
  outputs: {
    dgate: 'dy[i] * up[i] * slope(gate[i])',
    dup: 'dy[i] * gate[i] * sigmoid(gate[i])',
  },
  functions: `${sigmoid}
fn slope(x : f32) -> f32 {
  let s = sigmoid(x);
  return s * (1.0 + x * (1.0 - s));
}`,
});
