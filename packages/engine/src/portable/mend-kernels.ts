import * as tf from '@tensorflow/tfjs-core';
import { broadcastingMatMul } from '../shared/broadcast-kernels.js';
import { replaceKernel } from '../shared/replace-kernel.js';
import { carriedKernel } from './_carry.js';
import { matMulWith } from './_matmul.js';
import {
  broadcastFirst,
  castToBool,
  gather,
  scatterIntoCopy,
  statelessUniform,
  tile,
  transpose,
  unsortedSegmentSum,
} from './_own-kernels.js';

const backends = new Set<string>();

/**
 * Makes a registered backend compute all kernels of models, losses and optimizers, and compute them right:
 *
 * - Sums into segments go over the rows once, on both backends.
 * - Writes of slices leave their input as it was.
 * - WebAssembly gets every kernel that it lacks and plain JavaScript has. The cpu backend must be registered for this.
 * - Repetition and lookups copy blocks, and kernels that broadcast repeat the smaller operand first.
 * - Matrix products take batches that broadcast both ways. On WebAssembly they are fast with transpositions and batches, too.
 * - Kernels of WebAssembly that are wrong for some dtypes or shapes get a replacement for these.
 */
export function mendKernels(backend: 'wasm' | 'cpu'): void {
  if (backends.has(backend)) return;
  backends.add(backend);
  replaceKernel('UnsortedSegmentSum', backend, unsortedSegmentSum);
  replaceKernel('StatelessUniform', backend, statelessUniform);
  if (backend === 'cpu') {
    replaceKernel('BatchMatMul', 'cpu', broadcastingMatMul(tf.getKernel('BatchMatMul', 'cpu').kernelFunc, tile));
    replaceKernel('TensorScatterUpdate', 'cpu', scatterIntoCopy(tf.getKernel('TensorScatterUpdate', 'cpu').kernelFunc));
    return;
  }
  replaceKernel('BatchMatMul', 'wasm', matMulWith(tf.getKernel('BatchMatMul', 'wasm').kernelFunc));
  for (const kernel of coordinateWise)
    replaceKernel(kernel, 'wasm', broadcastFirst(tf.getKernel(kernel, 'wasm').kernelFunc));
  supplementKernels('wasm', gaps);
}

/**
 * Gives a backend every kernel that it lacks and plain JavaScript has, and other kernels for the calls that its own compute wrong. The
 * cpu backend must be registered for this.
 */
export function supplementKernels(backend: string, gaps: readonly Gap[]): void {
  const names = new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName));
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu'))
    if (!names.has(kernelName)) replaceKernel(kernelName, backend, carriedKernel(kernelFunc));
  for (const { kernel, when, instead } of gaps) {
    const own = tf.getKernel(kernel, backend);
    const substitute = instead ?? carriedKernel(tf.getKernel(kernel, 'cpu').kernelFunc);
    replaceKernel(kernel, backend, (call) => (when(call) ? substitute(call) : own.kernelFunc(call)));
  }
}

/** The kernels of WebAssembly whose own broadcasting is slow. */
const coordinateWise = [
  ...['Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater', 'GreaterEqual', 'LogicalAnd', 'LogicalOr', 'LogicalXor'],
  ...['Maximum', 'Minimum', 'Pow', 'Mod', 'FloorDiv', 'SquaredDifference'],
];

type Call = Parameters<tf.KernelFunc>[0];

/** A case in which a backend's kernel is wrong. */
interface Gap {
  readonly kernel: string;
  readonly when: (call: Call) => boolean;
  /** The kernel for such calls. Default: plain JavaScript's. */
  readonly instead?: tf.KernelFunc;
}

const x = ({ inputs }: Call): tf.TensorInfo => inputs.x as tf.TensorInfo;
const attribute = ({ attrs }: Call, name: string): unknown => attrs?.[name];
/** For kernels that take any tensor for a float32 one, or take no others. */
const onlyFloat32 = (call: Call): boolean => x(call).dtype !== 'float32';
const areFloat32 = (...tensors: readonly (tf.TensorInfo | undefined)[]): boolean =>
  tensors.every((tensor) => tensor?.dtype === 'float32');

const gaps: readonly Gap[] = [
  { kernel: 'Cast', when: (call) => attribute(call, 'dtype') === 'bool', instead: castToBool },
  { kernel: 'BatchMatMul', when: ({ inputs }) => !areFloat32(inputs.a, inputs.b) },
  { kernel: '_FusedMatMul', when: () => true },
  { kernel: 'GatherV2', when: (call) => x(call).dtype !== 'string', instead: gather },
  { kernel: 'Transpose', when: (call) => x(call).shape.filter((size) => size > 1).length > 4, instead: transpose },
  { kernel: 'Tile', when: ({ inputs }) => inputs.x?.dtype !== 'string', instead: tile },
  { kernel: 'OneHot', when: (call) => attribute(call, 'dtype') !== 'int32' },
  { kernel: 'Prelu', when: ({ inputs }) => `${inputs.x?.shape}` !== `${inputs.alpha?.shape}` },
  ...['ClipByValue', 'IsNan', 'IsInf', 'IsFinite', 'StridedSlice'].map((kernel) => ({ kernel, when: onlyFloat32 })),
];

/** tfjs-node's gaps: TensorFlow asks only floating-point numbers whether they are finite, and Step mixes integers with floats. */
export const nativeGaps: readonly Gap[] = ['IsNan', 'IsInf', 'IsFinite', 'Step'].map((kernel) => ({
  kernel,
  when: onlyFloat32,
}));
