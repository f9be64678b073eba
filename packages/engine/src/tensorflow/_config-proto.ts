/** The parts of TensorFlow's ConfigProto that the engine sets. */
export interface Config {
  /** Threads inside one operation (field 2) and across operations (field 5); TensorFlow decides where undefined. */
  readonly threads?: number | undefined;
  /** graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = ON (fields 10, 10, 31). */
  readonly bfloat16?: boolean | undefined;
}

/**
 * A serialised `tensorflow.ConfigProto`. Three fields do not warrant a protocol buffer library; the numbers are those
 * of tensorflow/core/protobuf/config.proto and rewriter_config.proto.
 */
export function configProto({ threads, bfloat16 }: Config): Uint8Array {
  const bytes: number[] = [];
  if (threads !== undefined) bytes.push(...integer(2, threads), ...integer(5, threads));
  if (bfloat16) bytes.push(...message(10, message(10, integer(31, 1))));
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
