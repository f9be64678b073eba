import * as tf from '@tensorflow/tfjs-core';
import { broadcastingMatMul } from '../../shared/broadcast-kernels.js';
import { replaceKernel } from '../../shared/replace-kernel.js';
import { addInGroups } from './add-n.js';
import { applyAdam } from './apply-adam.js';
import { argExtremeWith } from './arg-extreme.js';
import { bitwiseAnd } from './bitwise-and.js';
import { cumulate } from './cumulate.js';
import { powWith, selectWith } from './elementwise.js';
import { fusedRegion } from './fused-region.js';
import { mirrorPadWith, reverseWith, tileWith, transposeWith } from './many-axes.js';
import { matMulWith } from './mat-mul.js';
import { reduceWith, reductionNames } from './reduce.js';
import { scatterNd } from './scatter-nd.js';
import { segmentSum } from './segment-sum.js';
import { sineOrCosine } from './sin-cos.js';
import { statelessUniform } from './stateless-uniform.js';

/** Registers kernels for a backend that tfjs's own kernels were copied to: those that it lacks, and those that it gets wrong. */
export function registerKernels(backendName: string): void {
  const own = (kernel: string): tf.KernelFunc => tf.getKernel(kernel, backendName).kernelFunc;
  const tile = tileWith(own('Tile'));
  const kernels: Readonly<Record<string, tf.KernelFunc>> = {
    AddN: addInGroups(own('AddN')),
    ApplyAdam: applyAdam,
    ArgMax: argExtremeWith('>', own('ArgMax')),
    ArgMin: argExtremeWith('<', own('ArgMin')),
    BatchMatMul: broadcastingMatMul(matMulWith(own('BatchMatMul')), tile),
    BitwiseAnd: bitwiseAnd,
    Cos: sineOrCosine('cos'),
    Cumprod: cumulate('*'),
    Cumsum: cumulate('+'),
    FusedRegion: fusedRegion,
    MirrorPad: mirrorPadWith(own('MirrorPad')),
    Pow: powWith(own('Pow'), own('Round'), own('Cast')),
    Reverse: reverseWith(own('Reverse')),
    ScatterNd: scatterNd,
    Select: selectWith(own('Select')),
    Sin: sineOrCosine('sin'),
    StatelessUniform: statelessUniform,
    Tile: tile,
    Transpose: transposeWith(own('Transpose')),
    UnsortedSegmentSum: segmentSum,
    ...Object.fromEntries(reductionNames.map((name) => [name, reduceWith(name, own(name))])),
  };
  for (const [name, kernel] of Object.entries(kernels)) replaceKernel(name, backendName, kernel);
}
