import { backend_util, slice_util, util } from '@tensorflow/tfjs-core';
import type { ElementType } from '../native-tensor.js';
import {
  asStored,
  asStoredAlike,
  axisOf,
  integers,
  type Kernel,
  type KernelTable,
  numeric,
  reshape,
} from './kernel.js';

/** A tensor of one value. */
const fill: Kernel = ({ graph, attributes }) => {
  const value = attributes.value as number;
  const dtype = (attributes.dtype ?? util.inferDtype(value)) as ElementType;
  return graph.node('Fill', [graph.vector(attributes.shape as number[]), graph.scalar(dtype, Number(value))]);
};

/** start, start + step, …, below stop. */
const range: Kernel = ({ graph, attributes }) => {
  const dtype = (attributes.dtype ?? 'float32') as ElementType;
  const [start, stop, step] = [attributes.start, attributes.stop, attributes.step].map(Number) as [
    number,
    number,
    number,
  ];
  // tfjs counts down when stop lies below start and step is 1, and gives nothing when the sign does not fit otherwise.
  const stride = stop < start && step === 1 ? -1 : step;
  const count = Math.max(0, Math.ceil((stop - start) / stride));
  const values = Array.from({ length: count }, (_, i) => start + i * stride);
  return graph.constant(dtype, [count], dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values));
};

/** Kernels that make, move, join or cut tensors without arithmetic. */
export const shaping: KernelTable = {
  BroadcastTo: ({ graph, input, attributes }) =>
    graph.node('BroadcastTo', [input('x'), graph.vector(attributes.shape as number[])], asStored),
  Concat: ({ graph, inputs, attributes }) => {
    const [first] = inputs;
    if (inputs.length === 1 && first !== undefined) return first;
    const axis = axisOf(attributes.axis, first?.shape.length ?? 0);
    return graph.node('ConcatV2', [inputs, graph.scalar('int32', axis)], asStoredAlike(inputs));
  },
  ExpandDims: ({ graph, input, attributes }) => {
    const x = input('input');
    const at = axisOf(attributes.dim, x.shape.length + 1);
    return reshape(graph, x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
  },
  Fill: fill,
  LinSpace: ({ graph, attributes }) => {
    const [start, stop, count] = [attributes.start, attributes.stop, attributes.num].map(Number) as [
      number,
      number,
      number,
    ];
    const step = (stop - start) / Math.max(1, count - 1);
    return graph.constant(
      'float32',
      [count],
      Float32Array.from({ length: count }, (_, i) => start + i * step),
    );
  },
  MirrorPad: ({ graph, input, attributes }) => {
    const paddings = attributes.paddings as [number, number][];
    return graph.node('MirrorPad', [input('x'), graph.constant('int32', [paddings.length, 2], paddings.flat())], {
      ...asStored,
      attributes: { mode: { string: attributes.mode === 'reflect' ? 'REFLECT' : 'SYMMETRIC' } },
    });
  },
  Pack: ({ graph, inputs, attributes }) => {
    const axis = axisOf(attributes.axis, (inputs[0]?.shape.length ?? 0) + 1);
    return graph.node('Pack', [inputs], { ...asStoredAlike(inputs), attributes: { axis: { int: axis } } });
  },
  PadV2: ({ graph, input, attributes }) => {
    const x = numeric(graph, input('x'));
    const paddings = attributes.paddings as [number, number][];
    const amounts = graph.constant('int32', [paddings.length, 2], paddings.flat());
    const value = (attributes.constantValue as number | undefined) ?? 0;
    // The gradient of a slice is padded with zeros.
    if (value === 0) return graph.node('Pad', [x, amounts], asStored);
    return graph.node('PadV2', [x, amounts, graph.scalar(x.dtype, value)]);
  },
  Range: range,
  Reshape: ({ graph, input, attributes }) => {
    const x = input('x');
    const shape = integers(attributes.shape);
    // A shape that does not fit goes to TensorFlow unchanged, whose error says so.
    const size = util.sizeFromShape([...x.shape]);
    const others = shape.filter((n) => n !== -1).reduce((a, b) => a * b, 1);
    const fits = shape.filter((n) => n === -1).length === 1 && others > 0 && size % others === 0;
    return reshape(graph, x, fits ? shape.map((n) => (n === -1 ? size / others : n)) : shape);
  },
  Reverse: ({ graph, input, attributes }) => {
    const x = input('x');
    const axes = util.parseAxisParam(attributes.dims as number | number[], [...x.shape]);
    return x.shape.length === 0 ? x : graph.node('ReverseV2', [x, graph.vector(axes)], asStored);
  },
  Slice: ({ graph, input, attributes }) => {
    const x = input('x');
    const [begin, size] = slice_util.parseSliceParams(
      { shape: [...x.shape] } as Parameters<typeof slice_util.parseSliceParams>[0],
      attributes.begin as number[],
      attributes.size as number[],
    ) as [number[], number[]];
    const whole = size.every((n, axis) => n === x.shape[axis]) && begin.every((n) => n === 0);
    return whole ? x : graph.node('Slice', [x, graph.vector(begin), graph.vector(size)], asStored);
  },
  SplitV: ({ graph, input, attributes }) => {
    const x = input('x');
    const axis = axisOf(attributes.axis, x.shape.length);
    const sizes = backend_util.prepareSplitSize(
      { shape: [...x.shape] } as Parameters<typeof backend_util.prepareSplitSize>[0],
      attributes.numOrSizeSplits as number | number[],
      axis,
    );
    if (sizes.length === 1) return [x];
    return graph.nodes('SplitV', [x, graph.vector(sizes), graph.scalar('int32', axis)], {
      ...asStored,
      attributes: { num_split: { int: sizes.length } },
    });
  },
  StridedSlice: ({ graph, input, attributes }) => {
    const vectors = [attributes.begin, attributes.end, attributes.strides].map((v) => graph.vector(integers(v)));
    const mask = (name: string) => ({ int: (attributes[name] as number | undefined) ?? 0 });
    return graph.node('StridedSlice', [input('x'), ...vectors], {
      ...asStored,
      attributes: {
        begin_mask: mask('beginMask'),
        end_mask: mask('endMask'),
        ellipsis_mask: mask('ellipsisMask'),
        new_axis_mask: mask('newAxisMask'),
        shrink_axis_mask: mask('shrinkAxisMask'),
      },
    });
  },
  Tile: ({ graph, input, attributes }) =>
    graph.node('Tile', [input('x'), graph.vector(integers(attributes.reps))], asStored),
  Transpose: ({ graph, input, attributes }) => {
    const x = input('x');
    const order = integers(attributes.perm);
    return order.every((from, to) => from === to) ? x : graph.node('Transpose', [x, graph.vector(order)], asStored);
  },
  Unpack: ({ graph, input, attributes }) => {
    const x = input('value');
    const axis = axisOf(attributes.axis, x.shape.length);
    return graph.nodes('Unpack', [x], {
      ...asStored,
      attributes: { num: { int: x.shape[axis] ?? 0 }, axis: { int: axis } },
    });
  },
};
