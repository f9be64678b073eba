/** A wheel of NVIDIA's CUDA 12 libraries. */
export interface CudaWheel {
  readonly package: string;
  readonly version: string;
  /** Its folder below `nvidia/`, in the wheel as in the cache. */
  readonly folder: string;
  /** Bytes to download, about. */
  readonly bytes: number;
}

const wheel = (name: string, folder: string, version: string, megabytes: number): CudaWheel => ({
  package: `nvidia-${name}-cu12`,
  version,
  folder,
  bytes: megabytes * 1e6,
});

/** What libtensorflow 2.21 was built with and looks for at run time: the lowest versions that its package asks for. */
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

/** Unpacked, a byte of these wheels is about as many. */
const UNPACKED = 1.6;

/** Bytes on disk, about, of some of them. */
export function unpackedBytes(wheels: readonly CudaWheel[]): number {
  return UNPACKED * wheels.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The libraries that TensorFlow opens by name, in the order in which they need each other, and the wheel of each. */
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
