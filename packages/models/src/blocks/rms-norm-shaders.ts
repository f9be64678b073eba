import type { RegionShader } from '@dpo/engine';

/** 1 / √(mean x² + ε) of row `row`, WGSL. */
const inverseRms = `
var squares = 0.0;
for (var k = lane; k < width; k += lanes) { squares += x[row * width + k] * x[row * width + k]; }
let inverse = inverseSqrt(sum_of_row(squares, lane) / f32(width) + epsilon);`;

/** `normalisedRms` in one dispatch. */
export const rmsNormShader: RegionShader = {
  inputs: ['x', 'scale'],
  constants: ['epsilon'],
  outputs: ['y'],
  sizes: ['width'],
  plan: (x = [], scale = []) => {
    const width = x.at(-1) ?? 1;
    return `${scale}` === `${width}` ? { tensors: { y: x }, sizes: { width } } : undefined;
  },
  passes: [
    {
      reads: ['x', 'scale'],
      writes: ['y'],
      over: { rowsOf: 'x' },
      code: `${inverseRms}
for (var k = lane; k < width; k += lanes) { y[row * width + k] = x[row * width + k] * inverse * scale[k]; }`,
    },
  ],
};

/**
 * `rmsNormGradient` in two dispatches: the gradient by x row by row, then the gradient by scale column by column, from the inverse
 * root mean squares [N, 1] of the rows.
 */
export const rmsNormGradientShader: RegionShader = {
  inputs: ['dy', 'x', 'scale'],
  constants: ['epsilon'],
  outputs: ['dx', 'dscale'],
  sizes: ['rows', 'width'],
  plan: (dy = [], x = [], scale = []) => {
    const [rows = 1, width = 1] = x;
    if (x.length !== 2 || `${dy}` !== `${x}` || `${scale}` !== `${width}`) return undefined;
    return { tensors: { dx: x, dscale: scale, inverses: [rows, 1] }, sizes: { rows, width } };
  },
  passes: [
    {
      reads: ['dy', 'x', 'scale'],
      writes: ['dx', 'inverses'],
      over: { rowsOf: 'x' },
      code: `${inverseRms}
var along = 0.0;
for (var k = lane; k < width; k += lanes) { along += dy[row * width + k] * scale[k] * x[row * width + k] * inverse; }
let mean_along = sum_of_row(along, lane) / f32(width);
for (var k = lane; k < width; k += lanes) {
  let normal = x[row * width + k] * inverse;
  dx[row * width + k] = inverse * (dy[row * width + k] * scale[k] - normal * mean_along);
}
if (lane == 0u) { inverses[row] = inverse; }`,
    },
    {
      reads: ['dy', 'x', 'inverses'],
      writes: ['dscale'],
      over: { elementsOf: 'dscale' },
      code: `
var sum = 0.0;
for (var row = 0u; row < rows; row++) { sum += dy[row * width + i] * x[row * width + i] * inverses[row]; }
dscale[i] = sum;`,
    },
  ],
};
