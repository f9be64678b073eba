import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '../error.js';
import { writeFileAtomic } from '../files/atomic.js';
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

const writePiece = 64 * 1024 * 1024;

/**
 * Writes a safetensors file, streamed and atomic, for every safetensors library.
 *
 * @param metadata `__metadata__`. The default `{ format: 'pt' }` is the one that transformers requires
 * @returns the number of bytes of the tensors
 * @throws DpoError `model.bad-tensor` for a repeated name and for numbers that do not fill the shape
 */
export async function writeSafetensors(
  path: string,
  entries: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<number> {
  const tensors: TensorToWrite[] = [];
  for await (const entry of entries) tensors.push(entry);
  const { bytes, total } = header(path, tensors, metadata);
  const room = new Float32Array(Math.max(0, ...tensors.map(sizeOf)));
  await writeFileAtomic(path, async (temporary) => {
    const file = await open(temporary, 'wx');
    try {
      await writeAll(file, bytes);
      for (const tensor of tensors) await writeAll(file, await storedBytes(path, tensor, room));
    } finally {
      await file.close();
    }
  });
  return total;
}

/**
 * Writes weights into a folder as transformers does: `NAME.safetensors`, or, when the weights are larger than `maxShardBytes`,
 * `NAME-00001-of-0000N.safetensors` and `NAME.safetensors.index.json`. No tensor is divided.
 *
 * @returns the names of the files
 * @throws DpoError `model.bad-tensor`, and the errors of files
 */
export async function writeShardedSafetensors(
  folder: string,
  entries: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>,
  options: { maxShardBytes?: number; name?: string; metadata?: Readonly<Record<string, string>> } = {},
): Promise<string[]> {
  const { maxShardBytes = 5e9, name = 'model', metadata = { format: 'pt' } } = options;
  const shards: TensorToWrite[][] = [[]];
  let size = 0;
  let total = 0;
  for await (const entry of entries) {
    const bytes = byteLength(entry);
    if (size > 0 && size + bytes > maxShardBytes) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)?.push(entry);
    size += bytes;
    total += bytes;
  }
  const single = `${name}.safetensors`;
  if (shards.length === 1) {
    await writeSafetensors(join(folder, single), shards[0] ?? [], metadata);
    return [single];
  }
  const files: string[] = [];
  const weightMap: Record<string, string> = {};
  for (const [index, shard] of shards.entries()) {
    const file = `${name}-${digits(index + 1)}-of-${digits(shards.length)}.safetensors`;
    await writeSafetensors(join(folder, file), shard, metadata);
    for (const entry of shard) weightMap[entry.name] = file;
    files.push(file);
  }
  const index = `${name}.safetensors.index.json`;
  const text = `${JSON.stringify({ metadata: { total_size: total }, weight_map: weightMap }, null, 2)}\n`;
  await writeFileAtomic(join(folder, index), async (temporary) => {
    const file = await open(temporary, 'wx');
    await file.writeFile(text).finally(() => file.close());
  });
  return [...files, index];
}

function digits(number: number): string {
  return String(number).padStart(5, '0');
}

function byteLength(tensor: TensorToWrite): number {
  return sizeOf(tensor) * dtypes[tensor.dtype].bytes;
}

function sizeOf({ shape }: TensorToWrite): number {
  return shape.reduce((product, size) => product * size, 1);
}

function header(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): { bytes: Uint8Array; total: number } {
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

async function storedBytes(path: string, tensor: TensorToWrite, room: Float32Array): Promise<Uint8Array> {
  const values = await tensor.data(room);
  const count = sizeOf(tensor);
  if (values.length !== count) {
    throw badTensor(path, tensor.name, `its shape has ${count} numbers, its data ${values.length}`);
  }
  const numbers = tensor.dtype === 'float32' ? values : toBfloat16(values);
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(writePiece, bytes.length - done));
    done += bytesWritten;
  }
}

function badTensor(path: string, tensor: string, what: string): DpoError {
  return new DpoError('model.bad-tensor', `Cannot write ${path}, tensor "${tensor}": ${what}.`, {
    values: { path, tensor },
  });
}
