import { CompressionType, compressionRegistry, RecordBatchFileWriter } from 'apache-arrow';

/** How the buffers of an Arrow file are compressed. */
export type ArrowCompression = 'lz4' | 'zstd';

const types: Readonly<Record<ArrowCompression, CompressionType>> = {
  lz4: CompressionType.LZ4_FRAME,
  zstd: CompressionType.ZSTD,
};

let ready: Promise<void> | undefined;

/** Gives the Arrow library what it compresses and decompresses with. It has one place for that in a process. */
export function loadCodecs(): Promise<void> {
  ready ??= load();
  return ready;
}

async function load(): Promise<void> {
  const [{ Zstd }, { compressFrameSync, decompressFrameSync }] = await Promise.all([
    import('@hpcc-js/wasm-zstd'),
    import('lz4-napi'),
  ]);
  const zstd = await Zstd.load();
  compressionRegistry.set(types.lz4, {
    encode: (data) => compressFrameSync(asBuffer(data)),
    decode: (data) => aligned(decompressFrameSync(asBuffer(data))),
  });
  compressionRegistry.set(types.zstd, {
    encode: (data) => zstd.compress(data),
    decode: (data) => aligned(zstd.decompress(data)),
  });
}

/** A writer of the file format whose buffers are compressed. {@link loadCodecs} comes before. */
export function compressedWriter(compression: ArrowCompression): RecordBatchFileWriter {
  return new CompressedWriter({ compressionType: types[compression] });
}

class CompressedWriter extends RecordBatchFileWriter {
  /**
   * Before each compressed buffer comes the length that it will have again. apache-arrow 21.2 writes the compressed length
   * there, which its own reader does not look at and others refuse.
   */
  protected override _compressBodyBuffers(buffers: ArrayBufferView[]) {
    const compressed = super._compressBodyBuffers(buffers);
    buffers.forEach(({ byteLength }, i) => {
      const prefix = compressed.buffers[2 * i];
      if (prefix === undefined || prefix.byteLength === 0) return;
      const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
      if (view.getBigInt64(0, true) !== NOT_COMPRESSED) view.setBigInt64(0, BigInt(byteLength), true);
    });
    return compressed;
  }
}

/** In place of a length, for a buffer that is smaller as it is. */
const NOT_COMPRESSED = -1n;

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Offsets and numbers are read as they lie there, which needs them at multiples of 8. */
function aligned(data: Uint8Array): Uint8Array {
  return data.byteOffset % 8 === 0 ? data : Uint8Array.prototype.slice.call(data);
}
