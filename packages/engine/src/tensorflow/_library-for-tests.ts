import { existsSync } from 'node:fs';

/** The folder with libtensorflow that the tests use; undefined where there is none, and those that need it are skipped. */
export async function libraryForTests(): Promise<string | undefined> {
  const folder = process.env.DPO_LIBTENSORFLOW;
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}
