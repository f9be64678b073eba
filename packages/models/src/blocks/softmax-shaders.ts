import type { RegionShader } from '@dpo/engine';

/** `biasedSoftmax` of attention's scores [B, H, T, S] with a bias [B, 1, T, S] or [1, 1, T, S], in one dispatch. */
export const softmaxShader: RegionShader = {
  inputs: ['x', 'bias'],
  constants: ['scale'],
  outputs: ['y'],
  sizes: ['width', 'queries', 'group_rows', 'bias_rows'],
  plan: (x = [], bias = []) => {
    const [packedRows = 1, heads = 1, queries = 1, width = 1] = x;
    const [biases = 1] = bias;
    const fits = `${bias}` === `${[biases, 1, queries, width]}` && (biases === packedRows || biases === 1);
    if (x.length !== 4 || !fits) return undefined;
    // From one packed row to the next: rows of the scores, and rows of the bias.
    const [group_rows, bias_rows] = [heads * queries, biases === 1 ? 0 : queries];
    return { tensors: { y: x }, sizes: { width, queries, group_rows, bias_rows } };
  },
  passes: [
    {
      reads: ['x', 'bias'],
      writes: ['y'],
      over: { rowsOf: 'x' },
      // Every thread reads back only what this thread wrote.
      code: `
let bias_row = row / group_rows * bias_rows + row % queries;
var largest = x[row * width] * scale + bias[bias_row * width];
for (var k = lane; k < width; k += lanes) {
  let score = x[row * width + k] * scale + bias[bias_row * width + k];
  y[row * width + k] = score;
  largest = max(largest, score);
}
largest = largest_of_row(largest, lane);
var sum = 0.0;
for (var k = lane; k < width; k += lanes) {
  let share = exp(y[row * width + k] - largest);
  y[row * width + k] = share;
  sum += share;
}
sum = sum_of_row(sum, lane);
for (var k = lane; k < width; k += lanes) { y[row * width + k] /= sum; }`,
    },
  ],
};

/** `biasedSoftmaxGradient` in one dispatch. */
export const softmaxGradientShader: RegionShader = {
  inputs: ['dy', 'y'],
  constants: ['scale'],
  outputs: ['dx'],
  sizes: ['width'],
  plan: (dy = [], y = []) => (`${dy}` === `${y}` ? { tensors: { dx: y }, sizes: { width: y.at(-1) ?? 1 } } : undefined),
  passes: [
    {
      reads: ['dy', 'y'],
      writes: ['dx'],
      over: { rowsOf: 'y' },
      code: `
var along = 0.0;
for (var k = lane; k < width; k += lanes) { along += dy[row * width + k] * y[row * width + k]; }
along = sum_of_row(along, lane);
for (var k = lane; k < width; k += lanes) {
  dx[row * width + k] = (dy[row * width + k] - along) * y[row * width + k] * scale;
}`,
    },
  ],
};
