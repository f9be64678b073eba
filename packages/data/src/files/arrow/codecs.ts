import { CompressionType, compressionRegistry, RecordBatchFileWriter } from 'apache-arrow';

/** A compression of the buffers of an Arrow file. */
export type ArrowCompression = 'lz4' | 'zstd';

const types: Readonly<Record<ArrowCompression, CompressionType>> = {
  lz4: CompressionType.LZ4_FRAME,
  zstd: CompressionType.ZSTD,
};

let ready: Promise<void> | undefined;

/** Registers codecs in the Arrow library, which has one registry in a process. */
export function loadCodecs(): Promise<void> {
  ready ??= load();
  return ready;
}

async function load(): Promise<void> {
  const [{ Zstd }, { packLz4, unpackLz4 }] = await Promise.all([import('@hpcc-js/wasm-zstd'), import('#lz4')]);
  const zstd = await Zstd.load();
  compressionRegistry.set(types.lz4, {
    encode: (data) => packLz4(data),
    decode: (data) => aligned(unpackLz4(data)),
  });
  compressionRegistry.set(types.zstd, {
    encode: (data) => zstd.compress(data),
    decode: (data) => aligned(zstd.decompress(data)),
  });
}

/** A writer of the file format that compresses buffers. Call {@link loadCodecs} first. */
export function compressedWriter(compression: ArrowCompression): RecordBatchFileWriter {
  return new CompressedWriter({ compressionType: types[compression] });
}

class CompressedWriter extends RecordBatchFileWriter {
  /**
   * Writes the unpacked length before each compressed buffer. apache-arrow 21.2 writes the compressed length, which its own
   * reader ignores and other readers refuse.
   */
  protected override _compressBodyBuffers(buffers: ArrayBufferView[]) {
    const output = super._compressBodyBuffers(buffers);
    buffers.forEach(({ byteLength }, i) => {
      const prefix = output.buffers[2 * i];
      if (prefix === undefined || prefix.byteLength === 0) return;
      const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
      if (view.getBigInt64(0, true) !== NOT_COMPRESSED) view.setBigInt64(0, BigInt(byteLength), true);
    });
    return output;
  }
}

/** Takes the place of the length for a buffer that is smaller without compression. */
const NOT_COMPRESSED = -1n;

/** The bytes at a position that is a multiple of 8, since offsets and numbers are read in place. */
function aligned(data: Uint8Array): Uint8Array {
  return data.byteOffset % 8 === 0 ? data : Uint8Array.prototype.slice.call(data);
}
