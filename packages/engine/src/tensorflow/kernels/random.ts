import { cast, type KernelTable } from './kernel.js';

/** Kernels that draw random numbers. */
export const random: KernelTable = {
  // Not a tfjs kernel: see `statelessUniform`.
  StatelessUniform: ({ graph, input, attributes }) =>
    graph.node('StatelessRandomUniform', [
      graph.vector(attributes.shape as number[]),
      cast(graph, input('seed'), 'int32'),
    ]),
};
