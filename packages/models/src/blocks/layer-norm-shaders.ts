import type { RegionShader } from '@dpo/engine';

/** The mean of row `row` and 1 / √(var + ε), WGSL. */
const standardise = `
var sum = 0.0;
for (var k = lane; k < width; k += lanes) { sum += x[row * width + k]; }
let mean = sum_of_row(sum, lane) / f32(width);
var squares = 0.0;
for (var k = lane; k < width; k += lanes) {
  let centred = x[row * width + k] - mean;
  squares += centred * centred;
}
let inverse = inverseSqrt(sum_of_row(squares, lane) / f32(width) + epsilon);`;

/** `normalisedLayer` in one dispatch. */
export const layerNormShader: RegionShader = {
  inputs: ['x', 'scale', 'shift'],
  constants: ['epsilon'],
  outputs: ['y'],
  sizes: ['width'],
  plan: (x = [], scale = [], shift = []) => {
    const width = x.at(-1) ?? 1;
    if (`${scale}` !== `${width}` || `${shift}` !== `${width}`) return undefined;
    return { tensors: { y: x }, sizes: { width } };
  },
  passes: [
    {
      reads: ['x', 'scale', 'shift'],
      writes: ['y'],
      over: { rowsOf: 'x' },
      code: `${standardise}
for (var k = lane; k < width; k += lanes) {
  y[row * width + k] = (x[row * width + k] - mean) * inverse * scale[k] + shift[k];
}`,
    },
  ],
};

/**
 * `layerNormGradient` in two dispatches: the gradient by x row by row, then the gradients by scale and shift column by column, from
 * the means and inverse deviations [N, 2] of the rows.
 */
export const layerNormGradientShader: RegionShader = {
  inputs: ['dy', 'x', 'scale'],
  constants: ['epsilon'],
  outputs: ['dx', 'dscale', 'dshift'],
  sizes: ['rows', 'width'],
  plan: (dy = [], x = [], scale = []) => {
    const [rows = 1, width = 1] = x;
    if (x.length !== 2 || `${dy}` !== `${x}` || `${scale}` !== `${width}`) return undefined;
    return {
      tensors: { dx: x, dscale: scale, dshift: scale, statistics: [rows, 2] },
      sizes: { rows, width },
    };
  },
  passes: [
    {
      reads: ['dy', 'x', 'scale'],
      writes: ['dx', 'statistics'],
      over: { rowsOf: 'x' },
      code: `${standardise}
var all = 0.0;
var along = 0.0;
for (var k = lane; k < width; k += lanes) {
  let d = dy[row * width + k] * scale[k];
  all += d;
  along += d * (x[row * width + k] - mean) * inverse;
}
let mean_d = sum_of_row(all, lane) / f32(width);
let mean_along = sum_of_row(along, lane) / f32(width);
for (var k = lane; k < width; k += lanes) {
  let normal = (x[row * width + k] - mean) * inverse;
  dx[row * width + k] = inverse * (dy[row * width + k] * scale[k] - mean_d - normal * mean_along);
}
if (lane == 0u) {
  statistics[2u * row] = mean;
  statistics[2u * row + 1u] = inverse;
}`,
    },
    {
      reads: ['dy', 'x', 'statistics'],
      writes: ['dscale', 'dshift'],
      over: { elementsOf: 'dscale' },
      code: `
var by_scale = 0.0;
var by_shift = 0.0;
for (var row = 0u; row < rows; row++) {
  let d = dy[row * width + i];
  by_scale += d * (x[row * width + i] - statistics[2u * row]) * statistics[2u * row + 1u];
  by_shift += d;
}
dscale[i] = by_scale;
dshift[i] = by_shift;`,
    },
  ],
};
