import '@tensorflow/tfjs-backend-cpu';
import { plainBackend } from '../portable/eager-backend.js';
import { eagerEngine } from '../portable/eager-engine.js';
import { mendKernels } from '../portable/mend-kernels.js';
import type { Engine } from '../types.js';

/** An engine for tests: tfjs on plain JavaScript. The engine is slow and exact, and needs no library. */
export function testEngine(): Engine {
  mendKernels('cpu');
  return eagerEngine(plainBackend('cpu'), 'tfjs on plain JavaScript, for tests');
}

export { allOnWebGpu, type SoftwareGpu, softwareGpu } from './software-gpu.js';
export { type TfjsNodeForTests, tfjsNode } from './tfjs-node.js';
