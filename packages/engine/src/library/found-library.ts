/** A libtensorflow on this machine. */
export interface FoundLibrary {
  /** The folder that holds its files. */
  readonly folder: string;
  /** The file that exports the C API. */
  readonly path: string;
  /** `env`: DPO_LIBTENSORFLOW; `cache`: installed by the toolkit; the others are other programs' copies. */
  readonly source: 'env' | 'cache' | 'python' | 'tfjs-node';
  /** Where it is known without loading the library. */
  readonly version: string | undefined;
  /** Whether it was built for NVIDIA GPUs. */
  readonly cuda: boolean;
}

/** A place where a libtensorflow is, or should be. */
export interface LibraryCandidate extends FoundLibrary {
  /** Why it cannot be used; undefined where it can, as far as is known without loading it. */
  readonly unsuitable: string | undefined;
}
