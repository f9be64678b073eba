import type { ByteFile } from './byte-file.js';

/** A folder whose files are read by name: on disk, or the files that a browser's user chose. */
export interface ByteFolder {
  /** The folder's path, or its name where it has no path. Errors name the folder so. */
  readonly path: string;
  /** The path of a file in the folder, for errors. */
  pathOf(name: string): string;
  /** The names in the folder, or in a folder within it. @throws the errors of files, for a folder that cannot be listed */
  names(within?: string): Promise<readonly string[]>;
  /** Whether the folder has something under the name. */
  has(name: string): Promise<boolean>;
  /** Opens a file for positional reads. @throws DpoError `file.not-found`, and the errors of files */
  open(name: string): Promise<ByteFile>;
  /** The text of a file in UTF-8; undefined for a missing file. @throws the errors of files */
  text(name: string): Promise<string | undefined>;
}
