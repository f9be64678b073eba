import type { FileContents } from '@dpo/models';
import { Zip, ZipPassThrough } from 'fflate';

/**
 * A zip archive of a folder, uncompressed, since weights do not compress. Pieces go into the browser's store of blobs one by one,
 * so that the archive is never in memory as a whole.
 */
export async function zipOf(folder: string, files: readonly FileContents[]): Promise<Blob> {
  const parts: Blob[] = [];
  let failure: Error | null = null;
  const zip = new Zip((error, chunk) => {
    failure ??= error;
    if (error === null) parts.push(new Blob([chunk]));
  });
  for (const { name, pieces } of files) {
    const entry = new ZipPassThrough(`${folder}/${name}`);
    zip.add(entry);
    for await (const piece of pieces()) entry.push(piece);
    entry.push(new Uint8Array(0), true);
  }
  zip.end();
  if (failure !== null) throw failure;
  return new Blob(parts, { type: 'application/zip' });
}
