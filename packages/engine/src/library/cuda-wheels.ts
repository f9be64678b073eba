/** A wheel of NVIDIA's CUDA 12 libraries. */
export interface CudaWheel {
  readonly package: string;
  readonly version: string;
  /** The wheel's folder below `nvidia/`, both in the wheel and in the cache. */
  readonly folder: string;
  /** About how many bytes the download has. */
  readonly bytes: number;
}

const wheel = (name: string, folder: string, version: string, megabytes: number): CudaWheel => ({
  package: `nvidia-${name}-cu12`,
  version,
  folder,
  bytes: megabytes * 1e6,
});

/** The CUDA libraries that libtensorflow 2.21 opens at run time, in the lowest versions that TensorFlow's package requires. */
export const cudaWheels: readonly CudaWheel[] = [
  wheel('cuda-runtime', 'cuda_runtime', '12.5.82', 1),
  wheel('nvjitlink', 'nvjitlink', '12.5.82', 21),
  wheel('cuda-nvrtc', 'cuda_nvrtc', '12.5.82', 25),
  wheel('cuda-cupti', 'cuda_cupti', '12.5.82', 14),
  wheel('cuda-nvcc', 'cuda_nvcc', '12.5.82', 22),
  wheel('curand', 'curand', '10.3.6.82', 56),
  wheel('cusolver', 'cusolver', '11.6.3.83', 130),
  wheel('cufft', 'cufft', '11.2.3.61', 193),
  wheel('cusparse', 'cusparse', '12.5.1.3', 218),
  wheel('nccl', 'nccl', '2.27.7', 323),
  wheel('cublas', 'cublas', '12.5.3.2', 363),
  wheel('cudnn', 'cudnn', '9.3.0.75', 577),
];

/** About how many bytes on disk a byte of these wheels becomes. */
const UNPACKED = 1.6;

/** About how many bytes wheels take on disk. */
export function unpackedBytes(wheels: readonly CudaWheel[]): number {
  return UNPACKED * wheels.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The libraries that TensorFlow opens by name, each after the libraries that it needs, with the wheel of each. */
export const cudaLibraries: readonly (readonly [name: string, folder: string])[] = [
  ['libcudart.so.12', 'cuda_runtime'],
  ['libnvJitLink.so.12', 'nvjitlink'],
  ['libcublasLt.so.12', 'cublas'],
  ['libcublas.so.12', 'cublas'],
  ['libcufft.so.11', 'cufft'],
  ['libcusparse.so.12', 'cusparse'],
  ['libcusolver.so.11', 'cusolver'],
  ['libcudnn.so.9', 'cudnn'],
  ['libnccl.so.2', 'nccl'],
  ['libcupti.so.12', 'cuda_cupti'],
];
