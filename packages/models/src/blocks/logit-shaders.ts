import type { RegionShader } from '@dpo/engine';

/** `logSumExp` in one dispatch. */
export const logSumExpShader: RegionShader = {
  inputs: ['z'],
  outputs: ['total'],
  sizes: ['width'],
  plan: (z = []) => {
    const [rows = 1, width = 1] = z;
    return z.length === 2 ? { tensors: { total: [rows, 1] }, sizes: { width } } : undefined;
  },
  passes: [
    {
      reads: ['z'],
      writes: ['total'],
      over: { rowsOf: 'z' },
      code: `
var largest = z[row * width];
for (var k = lane; k < width; k += lanes) { largest = max(largest, z[row * width + k]); }
largest = largest_of_row(largest, lane);
var sum = 0.0;
for (var k = lane; k < width; k += lanes) { sum += exp(z[row * width + k] - largest); }
sum = sum_of_row(sum, lane);
if (lane == 0u) { total[row] = log(sum) + largest; }`,
    },
  ],
};

/** `logitGradient` in one dispatch. */
export const logitGradientShader = gradientShader([], '');
/** `cappedLogitGradient` in one dispatch. */
export const cappedLogitGradientShader = gradientShader(['cap'], ' * (1.0 - z[i] / cap * (z[i] / cap))');

/** The gradient by logits [a, b], whose totals and gradients stand in a column [a, 1] or in a row [1, b]. */
function gradientShader(constants: readonly string[], slope: string): RegionShader {
  return {
    inputs: ['z', 'total', 'dy'],
    constants,
    outputs: ['dz'],
    sizes: ['width', 'row_step', 'column_step'],
    plan: (z = [], total = [], dy = []) => {
      const [rows = 1, width = 1] = z;
      const isColumn = `${total}` === `${[rows, 1]}`;
      if (z.length !== 2 || `${dy}` !== `${total}` || !(isColumn || `${total}` === `${[1, width]}`)) return undefined;
      const [row_step, column_step] = isColumn ? [1, 0] : [0, 1];
      return { tensors: { dz: z }, sizes: { width, row_step, column_step } };
    },
    passes: [
      {
        reads: ['z', 'total', 'dy'],
        writes: ['dz'],
        over: { elementsOf: 'z' },
        code: `
let place = i / width * row_step + i % width * column_step;
dz[i] = -dy[place] * exp(z[i] - total[place])${slope};`,
      },
    ],
  };
}
