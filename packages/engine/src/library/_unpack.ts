import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DpoError } from '@dpo/base';
import { flushFile, makeFolder } from '@dpo/base/files';
import { openZip, type ZipArchive } from '@dpo/base/unzip';
import type { Manifest } from './manifest.js';

/** How a wheel is unpacked. */
export interface UnpackOptions {
  /** Is called with the bytes that are written so far, and with all bytes. */
  readonly onProgress: (bytes: number, total: number) => void;
  /** Aborting ends the work with an AbortError. */
  readonly signal: AbortSignal | undefined;
  /** The name of a wheel's file in the folder. Default: the file's name without its folders. */
  readonly nameOf?: ((file: string) => string) | undefined;
}

/**
 * Unpacks files of a wheel into a folder. The files are streamed and flushed, and their sizes and SHA-256 sums are compared with
 * the wheel's RECORD.
 *
 * @param selection the files' names in the wheel, or a test of a name
 * @throws DpoError `zip.damaged` when a file is not as RECORD says, `file.disk-full`; an AbortError when the signal is aborted
 */
export async function unpackWheel(
  path: string,
  selection: readonly string[] | ((file: string) => boolean),
  folder: string,
  { onProgress, signal, nameOf = basename }: UnpackOptions,
): Promise<Manifest['files']> {
  const zip = await openZip(path);
  try {
    await makeFolder(folder);
    const files = typeof selection === 'function' ? [...zip.entries.keys()].filter(selection) : selection;
    const record = await readRecord(zip, `${folder}.record`);
    const total = files.reduce((sum, file) => sum + (zip.entries.get(file)?.size ?? 0), 0);
    const done: { name: string; size: number; sha256: string }[] = [];
    let before = 0;
    for (const file of files) {
      const name = nameOf(file);
      const target = join(folder, name);
      await makeFolder(dirname(target));
      const options = { onProgress: (bytes: number) => onProgress(before + bytes, total) };
      await zip.extract(file, target, signal === undefined ? options : { ...options, signal });
      await flushFile(target);
      const size = zip.entries.get(file)?.size ?? 0;
      const sha256 = await hashOf(target, signal);
      checkEntry(record.get(file), size, sha256, path, file);
      done.push({ name, size, sha256: sha256.toString('hex') });
      before += size;
    }
    return done;
  } finally {
    await zip.close();
  }
}

/** The lines of RECORD, by file: `name,sha256=…,size`, with the sum in URL-safe base64. */
async function readRecord(zip: ZipArchive, target: string): Promise<Map<string, { sum: string; size: string }>> {
  const name = [...zip.entries.keys()].find((entry) => /^[^/]+\.dist-info\/RECORD$/.test(entry));
  if (name === undefined) throw notWhole(zip.path, 'it has no RECORD');
  await zip.extract(name, target);
  const record = new Map<string, { sum: string; size: string }>();
  for (const line of (await readFile(target, 'utf8')).split(/\r?\n/)) {
    const [file = '', sum = '', size = ''] = line.split(',');
    record.set(file, { sum, size });
  }
  return record;
}

async function hashOf(path: string, signal: AbortSignal | undefined): Promise<Buffer> {
  const hash = createHash('sha256');
  const source = createReadStream(path, { highWaterMark: 4 << 20 });
  await pipeline(source, hash, signal === undefined ? {} : { signal });
  return hash.digest();
}

function checkEntry(
  entry: { sum: string; size: string } | undefined,
  size: number,
  sha256: Buffer,
  path: string,
  file: string,
): void {
  if (entry === undefined) throw notWhole(path, `its RECORD does not list ${file}`);
  if (entry.sum !== `sha256=${sha256.toString('base64url')}` || entry.size !== `${size}`)
    throw notWhole(path, `${file} is not what its RECORD says`);
}

function notWhole(path: string, what: string): DpoError {
  return new DpoError('zip.damaged', `${basename(path)}: ${what}.`, {
    values: { path },
    hint: 'The package was not downloaded whole: download it again.',
  });
}
