import { findLibrary } from '../library/find-library.js';

/** The folder of the libtensorflow that tests use; undefined when there is none, so that tests that need it are skipped. */
export async function libraryForTests(): Promise<string | undefined> {
  return (await findLibrary())?.folder;
}
