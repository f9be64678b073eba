import { open } from 'node:fs/promises';

/** Writes a small file and flushes it to disk. */
export async function writeText(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
