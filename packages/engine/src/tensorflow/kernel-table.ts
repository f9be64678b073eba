import { elementwise } from './kernels/elementwise.js';
import { indexing } from './kernels/indexing.js';
import type { KernelTable } from './kernels/kernel.js';
import { matmul } from './kernels/matmul.js';
import { random } from './kernels/random.js';
import { reductions } from './kernels/reduction.js';
import { shaping } from './kernels/shaping.js';

/** Every tfjs kernel that engine functions can use, with the TensorFlow operations that it becomes. */
export const kernelTable: KernelTable = {
  ...elementwise,
  ...reductions,
  ...shaping,
  ...indexing,
  ...matmul,
  ...random,
};
