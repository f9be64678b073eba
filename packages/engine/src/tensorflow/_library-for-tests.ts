import { findLibrary } from '../library/find-library.js';

/** The folder with libtensorflow that the tests use; undefined where there is none, and those that need it are skipped. */
export async function libraryForTests(): Promise<string | undefined> {
  return (await findLibrary())?.folder;
}
