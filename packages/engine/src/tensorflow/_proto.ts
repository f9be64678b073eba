// Protocol buffers, as far as TensorFlow's configurations need them: https://protobuf.dev/programming-guides/encoding/

/** A whole number of up to 32 bits as a protocol buffer's varint: seven bits to a byte, the lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

/** A field that holds a whole number. */
export function integer(field: number, value: number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

/** A field that holds bytes: a message or a string. */
export function message(field: number, content: Iterable<number> & { readonly length: number }): number[] {
  return [...varint((field << 3) | 2), ...varint(content.length), ...content];
}

/** The bytes of a float32, without a field. */
export function float(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}
