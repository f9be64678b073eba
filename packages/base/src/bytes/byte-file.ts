import { DpoError } from '../error.js';

/** A file that is read by position. No read goes past its end, and none asks the system for 2 GiB at once. */
export interface ByteFile {
  readonly path: string;
  /** The number of bytes in the file when it was opened. */
  readonly size: number;
  /** `length` bytes from `offset` on. @throws DpoError `model.truncated-file` when the file is shorter */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Fills `target` with the bytes from `offset` on: {@link ByteFile.read} without a new allocation. */
  readInto(offset: number, target: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The bytes of a file from front to end, piece after piece. */
export async function* filePieces(
  file: ByteFile,
  pieceBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
  for (let at = 0; at < file.size; at += pieceBytes) yield await file.read(at, Math.min(pieceBytes, file.size - at));
}

/** @throws DpoError `model.truncated-file` for a range that is not within the file */
export function checkRange(path: string, size: number, offset: number, length: number): void {
  const isSound = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!isSound || offset > size - length) throw truncatedFile(path, size, offset, length);
}

/** The error for a file that ends within a range. */
export function truncatedFile(path: string, size: number, offset: number, length: number): DpoError {
  return new DpoError(
    'model.truncated-file',
    `${path} ends too early: it has ${size} bytes, and ${length} are needed from byte ${offset}.`,
    { values: { path, size, offset, length }, hint: 'The file was not copied or downloaded whole: fetch it again.' },
  );
}
