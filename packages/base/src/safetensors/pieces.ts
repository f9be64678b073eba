import { DpoError } from '../error.js';
import { toBfloat16 } from '../floats.js';

/** A tensor to write: its description, and a function for its numbers. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  /** The type of the numbers in the file. Numbers are rounded to bfloat16 to nearest, ties to even. */
  readonly dtype: 'float32' | 'bfloat16';
  /**
   * The numbers, row-major. Called once, after the tensors before are written, so that one tensor is in memory at a time. `room` is
   * an array for the largest tensor, which the function may fill and return.
   */
  data(room: Float32Array): Promise<Float32Array>;
}

const dtypes = { float32: { name: 'F32', bytes: 4 }, bfloat16: { name: 'BF16', bytes: 2 } } as const;

/** The parts of a safetensors file. */
interface FilePieces {
  /** The bytes of all tensors together, without the header. */
  readonly tensorBytes: number;
  /**
   * The file's bytes, to be written one after another. A piece may be overwritten when the next piece is asked for.
   *
   * @throws DpoError `model.bad-tensor` for numbers that do not fill the shape
   */
  pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

/**
 * A safetensors file as pieces: the header, then each tensor. One tensor is in memory at a time.
 *
 * @param path the file, for errors
 * @param metadata `__metadata__`. The default `{ format: 'pt' }` is the one that transformers requires
 * @throws DpoError `model.bad-tensor` for a repeated name
 */
export function safetensorsPieces(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): FilePieces {
  const { bytes, total } = header(path, tensors, metadata);
  return {
    tensorBytes: total,
    async *pieces() {
      yield bytes;
      const room = new Float32Array(Math.max(0, ...tensors.map(sizeOf)));
      for (const tensor of tensors) yield await storedBytes(path, tensor, room);
    },
  };
}

/** The bytes that a tensor takes in a file. */
export function byteLength(tensor: TensorToWrite): number {
  return sizeOf(tensor) * dtypes[tensor.dtype].bytes;
}

function sizeOf({ shape }: TensorToWrite): number {
  return shape.reduce((product, size) => product * size, 1);
}

function header(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): { bytes: Uint8Array<ArrayBuffer>; total: number } {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  const names = new Set(['__metadata__']);
  let offset = 0;
  for (const tensor of tensors) {
    if (names.has(tensor.name)) throw badTensor(path, tensor.name, 'another tensor has the same name');
    names.add(tensor.name);
    const end = offset + byteLength(tensor);
    entries.push([tensor.name, { dtype: dtypes[tensor.dtype].name, shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Spaces up to a multiple of 8, so that the data are aligned for readers that map the file.
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return { bytes, total: offset };
}

async function storedBytes(path: string, tensor: TensorToWrite, room: Float32Array): Promise<Uint8Array<ArrayBuffer>> {
  const values = await tensor.data(room);
  const count = sizeOf(tensor);
  if (values.length !== count) {
    throw badTensor(path, tensor.name, `its shape has ${count} numbers, its data ${values.length}`);
  }
  const numbers = tensor.dtype === 'float32' ? values : toBfloat16(values);
  return new Uint8Array(numbers.buffer as ArrayBuffer, numbers.byteOffset, numbers.byteLength);
}

function badTensor(path: string, tensor: string, what: string): DpoError {
  return new DpoError('model.bad-tensor', `Cannot write ${path}, tensor "${tensor}": ${what}.`, {
    values: { path, tensor },
  });
}
