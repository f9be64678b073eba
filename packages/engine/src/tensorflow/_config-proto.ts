/** The parts of TensorFlow's ConfigProto that the engine sets. */
export interface Config {
  /** Threads inside one operation (field 2) and across operations (field 5); TensorFlow decides where undefined. */
  readonly threads?: number | undefined;
  /** allow_soft_placement (field 7): an operation that a GPU does not have runs on the processor. */
  readonly softPlacement?: boolean | undefined;
  /**
   * How much of each GPU's memory is taken (gpu_options, field 6): what is needed as it is needed (allow_growth, field 4),
   * or all of so many bytes at once (experimental.virtual_devices.memory_limit_mb, fields 9, 1, 1).
   */
  readonly gpuMemory?: 'growing' | { readonly bytes: number } | undefined;
}

/**
 * A serialised `tensorflow.ConfigProto`. A few fields do not warrant a protocol buffer library; the numbers are those
 * of tensorflow/core/protobuf/config.proto and rewriter_config.proto.
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

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

function integer(field: number, value: number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

function message(field: number, content: readonly number[]): number[] {
  return [...varint((field << 3) | 2), ...varint(content.length), ...content];
}

function float(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}
