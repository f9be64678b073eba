import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSame, floats, ints } from '../shared/_engines-for-tests.js';
import { statelessUniform } from '../stateless-uniform.js';
import { testEngine } from '../test/index.js';
import type { Engine } from '../types.js';
import { libraryForTests } from './_library-for-tests.js';
import { kernelTable } from './kernel-table.js';
import { openTensorFlow } from './tensorflow-engine.js';

type Tensors = Readonly<Record<string, tf.Tensor>>;
type Compute = (x: tf.Tensor, y: tf.Tensor, i: tf.Tensor) => tf.Tensor | readonly tf.Tensor[];

/** A kernel's case: x, y float32 [2–3, 3, 4, …] of one shape, i int32 of the same shape with values 0–2. */
const cases: Readonly<Record<string, Compute>> = {
  Abs: (x) => tf.abs(x),
  Acos: (x) => tf.acos(tf.tanh(x)),
  Acosh: (x) => tf.acosh(tf.add(tf.abs(x), 1.1)),
  Asin: (x) => tf.asin(tf.tanh(x)),
  Asinh: (x) => tf.asinh(x),
  Atan: (x) => tf.atan(x),
  Atanh: (x) => tf.atanh(tf.mul(tf.tanh(x), 0.9)),
  Ceil: (x) => tf.ceil(x),
  Cos: (x) => tf.cos(x),
  Cosh: (x) => tf.cosh(x),
  Elu: (x) => tf.elu(x),
  EluGrad: (x, y) => tf.engine().runKernel('EluGrad', { dy: x, y }) as tf.Tensor,
  Erf: (x) => tf.erf(x),
  Exp: (x) => tf.exp(x),
  Expm1: (x) => tf.expm1(x),
  Floor: (x) => tf.floor(x),
  IsFinite: (x) => tf.isFinite(tf.div(x, tf.zerosLike(x))),
  IsInf: (x) => tf.isInf(tf.div(x, tf.zerosLike(x))),
  IsNan: (x) => tf.isNaN(tf.log(x)),
  Log: (x) => tf.log(tf.add(tf.abs(x), 0.1)),
  Log1p: (x) => tf.log1p(tf.abs(x)),
  Neg: (x) => tf.neg(x),
  OnesLike: (x, _, i) => [tf.onesLike(x), tf.onesLike(i)],
  Reciprocal: (x) => tf.reciprocal(tf.add(tf.abs(x), 0.1)),
  Relu: (x) => tf.relu(x),
  Relu6: (x) => tf.relu6(tf.mul(x, 4)),
  Round: (x) => tf.round(tf.concat([tf.reshape(x, [-1]), tf.tensor1d([0.5, 1.5, 2.5, -0.5])])),
  Rsqrt: (x) => tf.rsqrt(tf.add(tf.abs(x), 0.1)),
  Selu: (x) => tf.selu(x),
  Sigmoid: (x) => tf.sigmoid(x),
  Sign: (x) => tf.sign(x),
  Sin: (x) => tf.sin(x),
  Sinh: (x) => tf.sinh(x),
  Softplus: (x) => tf.softplus(tf.mul(x, 20)),
  Sqrt: (x) => tf.sqrt(tf.abs(x)),
  Square: (x, _, i) => [tf.square(x), tf.square(i)],
  Tan: (x) => tf.tan(tf.tanh(x)),
  Tanh: (x) => tf.tanh(x),
  Add: (x, y, i) => [tf.add(x, y), tf.add(x, i), tf.add(i, i), tf.add(x, tf.max(y, 0)), tf.add(2, x)],
  Atan2: (x, y) => tf.atan2(x, y),
  FloorDiv: (x, y, i) => [
    tf.floorDiv(x, tf.add(tf.abs(y), 0.5)),
    tf.div(i, tf.add(i, 1)),
    tf.floorDiv(i, tf.onesLike(i)),
  ],
  Maximum: (x, y, i) => [tf.maximum(x, y), tf.maximum(i, 1)],
  Minimum: (x, y, i) => [tf.minimum(x, y), tf.minimum(i, 1)],
  Mod: (x, y, i) => [tf.mod(x, tf.add(tf.abs(y), 0.5)), tf.mod(tf.sub(i, 1), tf.scalar(3, 'int32'))],
  Multiply: (x, y, i) => [tf.mul(x, y), tf.mul(i, i), tf.mul(x, tf.sum(y, -1, true))],
  Pow: (x, y) => tf.pow(tf.add(tf.abs(x), 0.1), y),
  RealDiv: (x, y) => tf.div(x, tf.add(tf.abs(y), 0.5)),
  SquaredDifference: (x, y) => tf.squaredDifference(x, y),
  Sub: (x, y, i) => [tf.sub(x, y), tf.sub(1, x), tf.sub(i, i)],
  Equal: (_, __, i) => [tf.equal(i, 1), tf.equal(tf.equal(i, 1), tf.equal(i, 2))],
  Greater: (x, y) => tf.greater(x, y),
  GreaterEqual: (_, __, i) => tf.greaterEqual(i, 1),
  Less: (x, y) => tf.less(x, y),
  LessEqual: (_, __, i) => tf.lessEqual(i, 1),
  NotEqual: (_, __, i) => tf.notEqual(i, 1),
  LogicalAnd: (x, y) => tf.logicalAnd(tf.greater(x, 0), tf.greater(y, 0)),
  LogicalOr: (x, y) => tf.logicalOr(tf.greater(x, 0), tf.greater(y, 0)),
  LogicalXor: (x, y) => tf.logicalXor(tf.greater(x, 0), tf.greater(y, 0)),
  LogicalNot: (x) => tf.logicalNot(tf.greater(x, 0)),
  AddN: (x, y) => tf.addN([x, y, x]),
  Barrier: (x, y) => {
    if (tf.getKernel('Barrier', tf.getBackend()) === undefined) return x;
    return tf.engine().runKernel('Barrier', { x, after: tf.exp(y) }) as tf.Tensor;
  },
  Cast: (x, _, i) => [
    tf.cast(tf.mul(x, 3), 'int32'),
    tf.cast(i, 'float32'),
    tf.cast(i, 'bool'),
    tf.cast(tf.greater(x, 0), 'float32'),
  ],
  ClipByValue: (x, _, i) => [tf.clipByValue(x, -0.5, 0.5), tf.clipByValue(i, 0, 1)],
  // The plain backend lacks this kernel.
  MulNoNan: (x, y) => {
    const product = { a: tf.div(x, tf.relu(y)), b: tf.relu(y) };
    if (tf.getKernel('MulNoNan', tf.getBackend()) !== undefined)
      return tf.engine().runKernel('MulNoNan', product) as tf.Tensor;
    return tf.where(tf.greater(y, 0), x, tf.zerosLike(x));
  },
  // The plain backend lacks this kernel, too.
  L2Loss: (x) => {
    if (tf.getKernel('L2Loss', tf.getBackend()) === undefined) return tf.div(tf.sum(tf.square(x)), 2);
    return tf.engine().runKernel('L2Loss', { x }) as tf.Tensor;
  },
  Identity: (x) => tf.clone(x),
  LeakyRelu: (x) => tf.leakyRelu(x, 0.3),
  Prelu: (x, y) => tf.prelu(x, y),
  Select: (x, y, i) => [tf.where(tf.greater(x, 0), x, y), tf.where(tf.greater(x, 0), i, tf.zerosLike(i))],
  Step: (x) => [tf.step(x), tf.step(x, 0.25)],
  ZerosLike: (x, _, i) => [tf.zerosLike(x), tf.zerosLike(i), tf.zerosLike(tf.greater(x, 0))],

  All: (x) => [tf.all(tf.greater(x, -1), 0), tf.all(tf.greater(x, -9))],
  Any: (x) => [tf.any(tf.greater(x, 1), -1, true), tf.any(tf.greater(x, 9))],
  Max: (x, _, i) => [tf.max(x), tf.max(x, -1, true), tf.max(i, 0)],
  Mean: (x, _, i) => [tf.mean(x), tf.mean(x, -1, true), tf.mean(i, 0)],
  Min: (x, _, i) => [tf.min(x), tf.min(x, -1, true), tf.min(i, 0)],
  Prod: (x, _, i) => [tf.prod(x), tf.prod(x, -1, true), tf.prod(i, 0)],
  Sum: (x, _, i) => [tf.sum(x), tf.sum(x, [0, 1]), tf.sum(i, -1, true), tf.sum(tf.greater(x, 0), 0)],
  ArgMax: (x, _, i) => [tf.argMax(x, -1), tf.argMax(i, 0)],
  ArgMin: (x, _, i) => [tf.argMin(x, -1), tf.argMin(i, 0)],
  // The plain backend cannot count axes from the back here.
  Cumprod: (x) => [tf.cumprod(x, x.rank - 1), tf.cumprod(x, 0, true, true)],
  Cumsum: (x, _, i) => [tf.cumsum(x, x.rank - 1), tf.cumsum(x, 0, true), tf.cumsum(x, 1, false, true), tf.cumsum(i, 1)],
  LogSoftmax: (x) => tf.logSoftmax(tf.mul(x, 5)),
  Softmax: (x) => [tf.softmax(tf.mul(x, 5)), tf.softmax(tf.sum(x, [1, 2]))],
  TopK: (x) => Object.values(tf.topk(tf.reshape(x, [x.shape[0] ?? 0, -1]), 5)),

  BroadcastTo: (x) => tf.broadcastTo(tf.sum(x, 0, true), [4, ...x.shape.slice(1)]),
  Concat: (x, y, i) => [tf.concat([x, y], 1), tf.concat([x, y, x], -1), tf.concat([i, i]), tf.concat([x])],
  ExpandDims: (x) => [tf.expandDims(x), tf.expandDims(x, -1), tf.expandDims(x, 1)],
  Fill: () => [tf.fill([2, 3], 1.5), tf.fill([2], 3, 'int32'), tf.zeros([9, 9]), tf.ones([9, 9], 'int32')],
  LinSpace: () => tf.linspace(-1, 2, 7),
  MirrorPad: (x) => [
    tf.mirrorPad(
      x,
      x.shape.map((size) => [size > 1 ? 1 : 0, 0]),
      'reflect',
    ),
    tf.mirrorPad(
      x,
      x.shape.map(() => [0, 1]),
      'symmetric',
    ),
  ],
  Pack: (x, y) => [tf.stack([x, y]), tf.stack([x, y, x], -1), tf.stack([x, y], 1)],
  PadV2: (x, _, i) => [
    tf.pad(
      x,
      x.shape.map((__, axis) => [axis, 1]),
      2.5,
    ),
    tf.pad(
      i,
      i.shape.map(() => [1, 0]),
    ),
  ],
  Range: () => [
    tf.range(0, 5),
    tf.range(2, 9, 2, 'int32'),
    tf.range(4, 0, -1, 'int32'),
    tf.range(0, 1, 0.25),
    tf.range(3, 0),
  ],
  Reshape: (x) => [tf.reshape(x, [-1]), tf.reshape(x, [...x.shape, 1]), tf.squeeze(tf.expandDims(x, 1))],
  Reverse: (x) => [tf.reverse(x, 0), tf.reverse(x, [0, -1]), tf.reverse(x)],
  Slice: (x) => [
    tf.slice(x, [1]),
    tf.slice(x, [0, 1, 1], [-1, 2, 2]),
    tf.slice(
      x,
      x.shape.map(() => 0),
      x.shape,
    ),
  ],
  SplitV: (x) => [...tf.split(x, 2, 2), ...tf.split(x, [1, -1], 1), ...tf.split(x, 1, 0)],
  StridedSlice: (x) => [
    tf.stridedSlice(x, [0, 0, 3], [2, 3, 0], [1, 2, -1]),
    tf.stridedSlice(x, [0, 1], [0, 3], [1, 1], 0, 1, 0, 0, 2),
  ],
  Tile: (x) =>
    tf.tile(
      x,
      x.shape.map((_, axis) => 1 + (axis % 2)),
    ),
  Transpose: (x) => [
    tf.transpose(x),
    tf.transpose(
      x,
      x.shape.map((_, axis) => (axis + 1) % x.rank),
    ),
  ],
  Unpack: (x) => [...tf.unstack(x, 1), ...tf.unstack(x, -1)],

  GatherNd: (x, _, i) =>
    tf.gatherND(x, tf.minimum(tf.slice(tf.reshape(i, [-1, 2]), [0, 0], [3, 2]), tf.scalar(1, 'int32'))),
  GatherV2: (x, _, i) => {
    const rows = tf.reshape(tf.slice(tf.reshape(i, [-1]), [0], [4]), [2, 2]);
    const batch = tf.slice(tf.reshape(i, [-1, 3]), [0, 0], [x.shape[0] ?? 0, 3]);
    return [tf.gather(x, rows, 1), tf.gather(x, rows, -2), tf.gather(x, batch, 1, 1)];
  },
  OneHot: (_, __, i) => [tf.oneHot(i, 3), tf.oneHot(i, 4, 2.5, -1, 'float32')],
  ScatterNd: (x, _, i) => {
    const rows = tf.reshape(i, [-1, 1]);
    return tf.scatterND(rows, tf.reshape(x, [-1]), [3]);
  },
  SearchSorted: (x) => {
    const sorted = tf.cumsum(tf.reshape(tf.abs(x), [x.shape[0] ?? 0, -1]), 1) as tf.Tensor;
    const values = tf.add(tf.slice(sorted, [0, 0], [-1, 3]), 0.01);
    return [tf.searchSorted(sorted, values, 'left'), tf.searchSorted(sorted, values, 'right')];
  },
  SparseToDense: (x) =>
    tf.sparseToDense(tf.tensor1d([0, 2, 3], 'int32'), tf.slice(tf.reshape(x, [-1]), [0], [3]), [5], 0.5),
  TensorScatterUpdate: (x, y) =>
    tf.tensorScatterUpdate(
      tf.reshape(x, [-1]),
      tf.tensor2d([[1], [3]], [2, 1], 'int32'),
      tf.slice(tf.reshape(y, [-1]), [0], [2]),
    ),
  UnsortedSegmentSum: (x, _, i) => {
    const n = x.size / 4;
    const rows = tf.slice(tf.reshape(i, [-1]), [0], [n]) as tf.Tensor1D;
    return [
      tf.unsortedSegmentSum(tf.reshape(x, [n, 4]), rows, 3),
      tf.unsortedSegmentSum(tf.reshape(x, [n, 4]), rows, 7),
    ];
  },

  BatchMatMul: (x, y) => {
    const [a, b] = [x, y].map((t) => tf.reshape(t, [-1, 3, 4])) as [tf.Tensor3D, tf.Tensor3D];
    const [c, d] = [x, y].map((t) => tf.reshape(t, [-1, 4])) as [tf.Tensor2D, tf.Tensor2D];
    return [
      tf.matMul(c, d, true, false),
      tf.matMul(c, d, false, true),
      tf.matMul(a, b, true, false),
      tf.matMul(a, b, false, true),
      tf.matMul(a, tf.slice(d, [0, 0], [4, 4])),
      tf.matMul(a, tf.slice(d, [0, 0], [3, 4]), false, true),
      tf.matMul(a, tf.slice(d, [0, 0], [3, 4]), true, false),
      tf.matMul(tf.slice(a, [0], [1]), b, false, true),
    ];
  },
  Einsum: (x, y) => {
    const [a, b] = [x, y].map((t) => tf.reshape(t, [-1, 3, 4])) as [tf.Tensor3D, tf.Tensor3D];
    return [tf.einsum('bij,bkj->bik', a, b), tf.einsum('bij->b', a), tf.einsum('bij,bij->ij', a, b)];
  },
  // Engines draw different numbers. Their shape and range are compared here; stateless-uniform.test.ts has the rest.
  StatelessUniform: (x, _, i) => {
    const u = statelessUniform(x.shape, tf.slice(tf.reshape(i, [-1]), [0], [2]));
    return [tf.floor(u), tf.onesLike(u)];
  },
};

const library = await libraryForTests();

it('has a case for every kernel', () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(kernelTable).sort());
});

describe.skipIf(library === undefined)('kernels on TensorFlow equal tfjs on plain JavaScript', () => {
  const plain = testEngine();
  let tensorflow: Engine;
  beforeAll(() => {
    tensorflow = openTensorFlow({ folder: library ?? '' });
  });
  afterAll(() => tensorflow.dispose());

  const shape = fc.tuple(
    fc.integer({ min: 2, max: 3 }),
    fc.constantFrom<readonly number[]>([3, 4], [3, 4, 2], [3, 4, 1]),
  );
  const number = fc.integer({ min: -2500, max: 2500 }).map((n) => n / 1000);

  for (const [name, compute] of Object.entries(cases))
    it(name, async () => {
      await fc.assert(
        fc.asyncProperty(shape, fc.infiniteStream(number), async ([batch, rest], stream) => {
          const dims = [batch, ...rest];
          const size = dims.reduce((a, b) => a * b, 1);
          const values = [...stream.take(2 * size)];
          await expectSame(
            [tensorflow, plain],
            ({ x, y, i }: Tensors) => compute(x as tf.Tensor, y as tf.Tensor, i as tf.Tensor),
            {
              x: floats(dims, values.slice(0, size)),
              y: floats(dims, values.slice(size)),
              i: ints(
                dims,
                values.slice(0, size).map((v) => Math.abs(Math.round(v * 1000)) % 3),
              ),
            },
            2e-5,
          );
        }),
        { numRuns: 3, seed: 7, includeErrorInReport: true },
      );
    });
});
