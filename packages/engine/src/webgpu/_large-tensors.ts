import { DpoError } from '@dpo/base';
import type * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../shared/size-of.js';
import { type SplitBinding, splitBindings } from './_split-bindings.js';
import type { Program, TfjsBackend } from './tfjs-backend.js';

/** A tensor that is bound in several pieces. */
interface Split extends SplitBinding {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
}

/**
 * Makes a backend compute on tensors beyond the bytes that one binding may have: such a tensor stays in one buffer, and is bound in
 * several pieces (see {@link splitBindings}).
 *
 * @param pieceBytes the bytes of a piece: the device's `maxStorageBufferBindingSize`, or less for tests
 */
export function splitLargeTensors(backend: TfjsBackend, pieceBytes: number): void {
  const { device } = backend;
  let splits: readonly Split[] = [];
  const [createShaderModule, createBindGroup] = [device.createShaderModule, device.createBindGroup];
  device.createShaderModule = (descriptor) => {
    if (splits.length === 0) return createShaderModule.call(device, descriptor);
    const code = splitBindings(descriptor.code, splits, pieceBytes);
    if (code === undefined) throw notSplit(splits, pieceBytes, `the kernel ${descriptor.label ?? ''} cannot split it`);
    return createShaderModule.call(device, { ...descriptor, code });
  };
  device.createBindGroup = (descriptor) => {
    if (splits.length === 0) return createBindGroup.call(device, descriptor);
    const whole = new Set(splits.map(({ bindings }) => bindings[0]));
    const entries = [...descriptor.entries].filter(({ binding }) => !whole.has(binding));
    for (const { bindings, buffer, bytes } of splits)
      for (const [k, binding] of bindings.entries()) {
        const offset = k * pieceBytes;
        entries.push({ binding, resource: { buffer, offset, size: Math.min(pieceBytes, bytes - offset) } });
      }
    return createBindGroup.call(device, { ...descriptor, entries });
  };
  const run = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (program, inputs, dtype, uniforms, given) => {
    const isLarge = ({ shape }: { readonly shape: readonly number[] }): boolean => 4 * sizeOf(shape) > pieceBytes;
    if (!isLarge({ shape: program.outputShape }) && !inputs.some(isLarge))
      return run(program, inputs, dtype, uniforms, given);
    const output = given ?? backend.makeTensorInfo(program.outputShape, dtype);
    splits = splitsOf(backend, program, [output, ...inputs], pieceBytes);
    program.shaderKey += splits.map(({ name, bindings }) => ` ${name}:${bindings}`).join();
    try {
      return run(program, inputs, dtype, uniforms, output);
    } finally {
      splits = [];
    }
  };
}

/** The tensors of a call that are bound in pieces. The first piece takes the tensor's own binding, the others follow all bindings. */
function splitsOf(
  backend: TfjsBackend,
  program: Program,
  tensors: readonly tf.TensorInfo[],
  pieceBytes: number,
): readonly Split[] {
  // After the tensors comes the binding of the uniforms.
  let next = tensors.length + 1;
  const splits: Split[] = [];
  for (const [index, { dataId, shape }] of tensors.entries()) {
    const bytes = 4 * sizeOf(shape);
    if (bytes <= pieceBytes) continue;
    backend.uploadToGPU(dataId);
    const bindings = [index];
    for (let k = 1; k * pieceBytes < bytes; k++) bindings.push(next++);
    const name = index === 0 ? 'result' : (program.variableNames[index - 1] as string);
    splits.push({ name, bindings, buffer: backend.tensorMap.get(dataId).resource as GPUBuffer, bytes });
  }
  const limit = backend.device.limits.maxStorageBuffersPerShaderStage;
  if (next - 1 > limit)
    throw notSplit(splits, pieceBytes, `the device binds ${limit} pieces at once, and ${next - 1} are needed`);
  return splits;
}

function notSplit(splits: readonly Split[], limit: number, why: string): DpoError {
  const largest = splits.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  return new DpoError(
    'engine.too-large',
    `A tensor of ${largest.bytes} bytes is larger than this GPU binds at once (maxStorageBufferBindingSize ${limit}), and ${why}.`,
    {
      values: { bytes: largest.bytes, limit, limitName: 'maxStorageBufferBindingSize' },
      hint: 'Use smaller batches, a model with a smaller vocabulary, or another engine.',
    },
  );
}

/**
 * Checks that a tensor fits into one buffer of the device.
 *
 * @throws DpoError `engine.too-large` when it does not
 */
export function checkFits(what: string, shape: readonly number[], limit: number): void {
  const bytes = 4 * sizeOf(shape);
  if (bytes <= limit) return;
  throw new DpoError(
    'engine.too-large',
    `${what} [${shape}] takes ${bytes} bytes, more than a buffer of this GPU may have (maxBufferSize ${limit}).`,
    {
      values: { what, shape, bytes, limit, limitName: 'maxBufferSize' },
      hint: 'Use a smaller model or smaller batches, or another engine.',
    },
  );
}
