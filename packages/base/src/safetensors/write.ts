import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.js';
import { byteLength, safetensorsPieces, type TensorToWrite } from './pieces.js';

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
  const { tensorBytes, pieces } = safetensorsPieces(path, tensors, metadata);
  await writeFileAtomic(path, async (temporary) => {
    const file = await open(temporary, 'wx');
    try {
      for await (const piece of pieces()) await writeAll(file, piece);
    } finally {
      await file.close();
    }
  });
  return tensorBytes;
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

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(writePiece, bytes.length - done));
    done += bytesWritten;
  }
}
