import * as tf from '@tensorflow/tfjs-core';
import { addInGroups } from './add-n.js';
import { applyAdam } from './apply-adam.js';
import { bitwiseAnd } from './bitwise-and.js';
import { cumulate } from './cumulate.js';
import { matMulWith } from './mat-mul.js';
import { scatterNd } from './scatter-nd.js';
import { segmentSum } from './segment-sum.js';
import { sineOrCosine } from './sin-cos.js';
import { statelessUniform } from './stateless-uniform.js';

/** Registers kernels for a backend that tfjs's own kernels were copied to: those that it lacks, and those that it gets wrong. */
export function registerKernels(backendName: string): void {
  const own = (kernel: string): tf.KernelFunc => tf.getKernel(kernel, backendName).kernelFunc;
  const kernels: Readonly<Record<string, tf.KernelFunc>> = {
    AddN: addInGroups(own('AddN')),
    ApplyAdam: applyAdam,
    BatchMatMul: matMulWith(own('BatchMatMul'), own('Tile')),
    BitwiseAnd: bitwiseAnd,
    Cos: sineOrCosine('cos'),
    Cumprod: cumulate('*'),
    Cumsum: cumulate('+'),
    ScatterNd: scatterNd,
    Sin: sineOrCosine('sin'),
    StatelessUniform: statelessUniform,
    UnsortedSegmentSum: segmentSum,
  };
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    if ((tf.getKernel(kernelName, backendName) as tf.KernelConfig | undefined) !== undefined)
      tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}
