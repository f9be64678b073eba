import { util } from '@tensorflow/tfjs-core';
import type { Node } from '../graph.js';
import { DATA_TYPES, type ElementType } from '../native-tensor.js';
import { axisOf, cast, type Kernel, type KernelCall, type KernelTable, numeric } from './kernel.js';

/** Reduces over tfjs's `axis` (one, several, or all axes by default), after `prepare`. */
function reduction(op: string, prepare: (x: Node, call: KernelCall) => Node): Kernel {
  return (call) => {
    const x = prepare(call.input('x'), call);
    // Only Max calls the axes `reductionIndices`.
    const axis = call.attributes.axis ?? call.attributes.reductionIndices;
    const axes = util.parseAxisParam(axis as number | number[], [...x.shape]);
    return call.graph.node(op, [x, call.graph.vector(axes)], {
      attributes: { keep_dims: { bool: Boolean(call.attributes.keepDims) } },
    });
  };
}

const asIs = (x: Node) => x;
const as =
  (dtype: ElementType) =>
  (x: Node, { graph }: KernelCall) =>
    cast(graph, x, dtype);
const numbers = (x: Node, { graph }: KernelCall) => numeric(graph, x);

/** The index of the largest or the smallest element; of equal elements, the first. */
function extremeIndex(op: string): Kernel {
  return ({ graph, input, attributes }) => {
    const x = input('x');
    const axis = axisOf(attributes.axis, x.shape.length);
    return graph.node(op, [x, graph.scalar('int32', axis)], {
      attributes: { output_type: { type: DATA_TYPES.int32 } },
    });
  };
}

/** A running sum or product along an axis. */
function cumulative(op: string): Kernel {
  return ({ graph, input, attributes }) => {
    const x = numeric(graph, input('x'));
    return graph.node(op, [x, graph.scalar('int32', axisOf(attributes.axis, x.shape.length))], {
      attributes: {
        exclusive: { bool: Boolean(attributes.exclusive) },
        reverse: { bool: Boolean(attributes.reverse) },
      },
    });
  };
}

/** Kernels that reduce, accumulate or rank along axes. */
export const reductions: KernelTable = {
  All: reduction('All', as('bool')),
  Any: reduction('Any', as('bool')),
  Max: reduction('Max', asIs),
  Mean: reduction('Mean', as('float32')),
  Min: reduction('Min', asIs),
  Prod: reduction('Prod', numbers),
  Sum: reduction('Sum', numbers),
  // Not a tfjs kernel: Σ x² / 2 in one pass, without the squares in memory.
  L2Loss: ({ graph, input }) => graph.node('L2Loss', [input('x')]),
  ArgMax: extremeIndex('ArgMax'),
  ArgMin: extremeIndex('ArgMin'),
  Cumprod: cumulative('Cumprod'),
  Cumsum: cumulative('Cumsum'),
  // tfjs allows the last axis only.
  LogSoftmax: ({ graph, input }) => graph.node('LogSoftmax', [cast(graph, input('logits'), 'float32')]),
  Softmax: ({ graph, input }) => graph.node('Softmax', [cast(graph, input('logits'), 'float32')]),
  TopK: ({ graph, input, attributes }) =>
    graph.nodes('TopKV2', [input('x'), graph.scalar('int32', attributes.k as number)], {
      attributes: { sorted: { bool: attributes.sorted !== false } },
    }),
};
