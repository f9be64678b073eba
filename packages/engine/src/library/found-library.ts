/** A libtensorflow on this machine. */
export interface FoundLibrary {
  /** The folder that holds its files. */
  readonly folder: string;
  /** The file that exports the C API. */
  readonly path: string;
  /** `env`: DPO_LIBTENSORFLOW; `cache`: installed by the toolkit; the others are other programs' copies. */
  readonly source: 'env' | 'cache' | 'python' | 'tfjs-node';
  /** The version; undefined when only loading the library would tell it. */
  readonly version: string | undefined;
  /** Whether the library was built for NVIDIA GPUs. */
  readonly cuda: boolean;
}

/** A place where a libtensorflow is, or should be. */
export interface LibraryCandidate extends FoundLibrary {
  /** The reason why the library cannot be used; undefined when there is none, as far as can be told without loading it. */
  readonly unsuitable: string | undefined;
}
