import { float, integer, message } from './_proto.js';

/** The parts of TensorFlow's ConfigProto that the engine sets. */
export interface Config {
  /** Threads inside one operation (field 2) and across operations (field 5). Undefined leaves the choice to TensorFlow. */
  readonly threads?: number | undefined;
  /** allow_soft_placement (field 7): an operation without a GPU kernel runs on the processor. */
  readonly softPlacement?: boolean | undefined;
  /**
   * The memory that TensorFlow takes of each GPU (gpu_options, field 6): as much as it needs, bit by bit (allow_growth, field 4),
   * or so many bytes at once (experimental.virtual_devices.memory_limit_mb, fields 9, 1, 1).
   */
  readonly gpuMemory?: 'growing' | { readonly bytes: number } | undefined;
}

/**
 * A serialised `tensorflow.ConfigProto`. A few fields do not warrant a library for protocol buffers. The field numbers are those of
 * tensorflow/core/protobuf/config.proto and rewriter_config.proto.
 */
export function configProto({ threads, softPlacement, gpuMemory }: Config): Uint8Array {
  const bytes: number[] = [];
  if (threads !== undefined) bytes.push(...integer(2, threads), ...integer(5, threads));
  if (gpuMemory === 'growing') bytes.push(...message(6, integer(4, 1)));
  else if (gpuMemory !== undefined)
    bytes.push(...message(6, message(9, message(1, message(1, float(gpuMemory.bytes / 2 ** 20))))));
  if (softPlacement) bytes.push(...integer(7, 1));
  return Uint8Array.from(bytes);
}
