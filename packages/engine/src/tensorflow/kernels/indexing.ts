import type { ElementType } from '../native-tensor.js';
import { asStored, axisOf, cast, type KernelTable } from './kernel.js';

/** Kernels that look up, count and scatter by index. */
export const indexing: KernelTable = {
  GatherNd: ({ graph, input }) =>
    graph.node('GatherNd', [input('params'), cast(graph, input('indices'), 'int32')], asStored),
  GatherV2: ({ graph, input, attributes }) => {
    const x = input('x');
    const indices = cast(graph, input('indices'), 'int32');
    const axis = graph.scalar('int32', axisOf(attributes.axis, x.shape.length));
    const batch = (attributes.batchDims as number | undefined) ?? 0;
    return graph.node('GatherV2', [x, indices, axis], {
      attributes: { batch_dims: { int: batch < 0 ? batch + indices.shape.length : batch } },
      ...asStored,
    });
  },
  OneHot: ({ graph, input, attributes }) => {
    const dtype = (attributes.dtype ?? 'int32') as ElementType;
    const on = graph.scalar(dtype, attributes.onValue as number);
    const off = graph.scalar(dtype, attributes.offValue as number);
    const depth = graph.scalar('int32', attributes.depth as number);
    return graph.node('OneHot', [cast(graph, input('indices'), 'int32'), depth, on, off]);
  },
  ScatterNd: ({ graph, input, attributes }) =>
    graph.node('ScatterNd', [
      cast(graph, input('indices'), 'int32'),
      input('updates'),
      graph.vector(attributes.shape as number[]),
    ]),
  SparseToDense: ({ graph, input, attributes }) =>
    graph.node(
      'SparseToDense',
      [
        cast(graph, input('sparseIndices'), 'int32'),
        graph.vector(attributes.outputShape as number[]),
        input('sparseValues'),
        input('defaultValue'),
      ],
      { attributes: { validate_indices: { bool: false } } },
    ),
  // The place of each value in a sorted row, before or after equal values.
  SearchSorted: ({ graph, input, attributes }) =>
    graph.node(attributes.side === 'left' ? 'LowerBound' : 'UpperBound', [input('sortedSequence'), input('values')]),
  TensorScatterUpdate: ({ graph, input }) =>
    graph.node('TensorScatterUpdate', [input('tensor'), cast(graph, input('indices'), 'int32'), input('updates')]),
  UnsortedSegmentSum: ({ graph, input, attributes }) =>
    graph.node('UnsortedSegmentSum', [
      input('x'),
      cast(graph, input('segmentIds'), 'int32'),
      graph.scalar('int32', attributes.numSegments as number),
    ]),
};
