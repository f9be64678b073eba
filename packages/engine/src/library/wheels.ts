/** The release of TensorFlow whose C API the engine is written for. */
export const tensorflowVersion = '2.21.0';

/** The wheel that carries libtensorflow for a platform. */
export interface Wheel {
  readonly package: 'tensorflow-cpu' | 'tensorflow';
  /** pip's `--platform`. */
  readonly tag: string;
  /** About how many bytes the download has. */
  readonly bytes: number;
  /** About how many bytes the unpacked files have. */
  readonly unpackedBytes: number;
  /** The library's files, by their names inside the wheel; the last exports the C API. */
  readonly files: readonly string[];
}

const linux = ['tensorflow/libtensorflow_framework.so.2', 'tensorflow/libtensorflow_cc.so.2'];
const darwin = ['tensorflow/libtensorflow_framework.2.dylib', 'tensorflow/libtensorflow_cc.2.dylib'];
const windows = ['tensorflow/python/_pywrap_tensorflow_common.dll'];

const cpuX64 = { package: 'tensorflow-cpu', tag: 'manylinux_2_27_x86_64', files: linux } as const;
const cudaX64 = { package: 'tensorflow', tag: 'manylinux_2_27_x86_64', files: linux } as const;

const wheels: Readonly<Record<string, Wheel>> = {
  'linux-x64': { ...cpuX64, bytes: 274e6, unpackedBytes: 853e6 },
  'linux-x64-cuda': { ...cudaX64, bytes: 572e6, unpackedBytes: 1259e6 },
  'linux-arm64': {
    package: 'tensorflow',
    tag: 'manylinux_2_27_aarch64',
    bytes: 282e6,
    unpackedBytes: 900e6,
    files: linux,
  },
  'darwin-arm64': {
    package: 'tensorflow',
    tag: 'macosx_12_0_arm64',
    bytes: 223e6,
    unpackedBytes: 800e6,
    files: darwin,
  },
  'win32-x64': { package: 'tensorflow', tag: 'win_amd64', bytes: 351e6, unpackedBytes: 1100e6, files: windows },
};

/** The wheel for a platform; undefined when TensorFlow publishes none. */
export function wheelFor(cuda: boolean, platform = process.platform, arch = process.arch): Wheel | undefined {
  return wheels[`${platform}-${arch}${cuda ? '-cuda' : ''}`];
}

/** The names of the library's files on a platform, without folders; the last exports the C API. */
export function libraryFiles(platform: NodeJS.Platform = process.platform): readonly string[] {
  const files = { linux, darwin, win32: windows }[platform as 'linux'] ?? linux;
  return files.map((file) => file.slice(file.lastIndexOf('/') + 1));
}

/** Tells whether the engine is written for a release of TensorFlow. An unknown release is checked when it is loaded. */
export function suits(version: string | undefined): boolean {
  return version === undefined || version.split('.').slice(0, 2).join('.') === '2.21';
}
