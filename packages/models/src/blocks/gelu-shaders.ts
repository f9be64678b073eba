import type { RegionShader } from '@dpo/engine';
import { elementwiseShader, sigmoid } from './_elementwise-shader.js';

/** WGSL functions `value(x)` and `slope(x)` of GELU's approximation by tanh, as σ(a x + b x³) x. */
const tanhForm = (a: number, b: number): string => `${sigmoid}
fn value(x : f32) -> f32 { return x * sigmoid(x * (${b} * x * x + ${a})); }
fn slope(x : f32) -> f32 {
  let s = sigmoid(x * (${b} * x * x + ${a}));
  return s * (1.0 + x * (1.0 - s) * (${3 * b} * x * x + ${a}));
}`;

/** WGSL functions of GELU with the exact normal distribution. erf by Abramowitz and Stegun, 7.1.26, as in tfjs: within 1.5e-7. */
const exactForm = `
fn normal(x : f32) -> f32 {
  let z = abs(x) * ${Math.SQRT1_2};
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let sum = ((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592;
  return 0.5 * (1.0 + sign(x) * (1.0 - sum * t * exp(-z * z)));
}
fn value(x : f32) -> f32 { return x * normal(x); }
fn slope(x : f32) -> f32 { return normal(x) + x * ${1 / Math.sqrt(2 * Math.PI)} * exp(-0.5 * x * x); }`;

/** The shaders of a form of GELU's regions. */
export interface GeluShaders {
  readonly value: RegionShader;
  readonly gradient: RegionShader;
  readonly ofSum: RegionShader;
  readonly gradientOfSum: RegionShader;
}

/** The shaders of GELU as x σ(a x + b x³). */
export const geluTanhShaders = (a: number, b: number): GeluShaders => geluShaders(tanhForm(a, b));
/** The shaders of GELU with the exact normal distribution. */
export const geluExactShaders: GeluShaders = geluShaders(exactForm);

function geluShaders(functions: string): GeluShaders {
  return {
    value: elementwiseShader({ inputs: ['x'], outputs: { y: 'value(x[i])' }, functions }),
    gradient: elementwiseShader({ inputs: ['dy', 'x'], outputs: { dx: 'dy[i] * slope(x[i])' }, functions }),
    ofSum: elementwiseShader({
      inputs: ['x', 'bias'],
      vectors: ['bias'],
      outputs: { y: 'value(x[i] + bias[i % width])' },
      functions,
    }),
    gradientOfSum: gradientOfSum(functions),
  };
}

/** The gradient by x, then a sum over its rows for each column. */
function gradientOfSum(functions: string): RegionShader {
  return {
    inputs: ['dy', 'x', 'bias'],
    outputs: ['dx', 'dbias'],
    sizes: ['rows', 'width'],
    functions,
    plan: (dy = [], x = [], bias = []) => {
      const [rows = 1, width = 1] = x;
      if (x.length !== 2 || `${dy}` !== `${x}` || `${bias}` !== `${width}`) return undefined;
      return { tensors: { dx: x, dbias: bias }, sizes: { rows, width } };
    },
    passes: [
      {
        reads: ['dy', 'x', 'bias'],
        writes: ['dx'],
        over: { elementsOf: 'dx' },
        code: 'dx[i] = dy[i] * slope(x[i] + bias[i % width]);',
      },
      {
        reads: ['dx'],
        writes: ['dbias'],
        over: { elementsOf: 'dbias' },
        code: `
var sum = 0.0;
for (var row = 0u; row < rows; row++) { sum += dx[row * width + i]; }
dbias[i] = sum;`,
      },
    ],
  };
}
