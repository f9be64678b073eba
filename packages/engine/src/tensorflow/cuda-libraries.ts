import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import { cudaLibraries } from '../library/cuda-wheels.js';

/** Tells whether the loader opens a library, by name or by path. The library stays open. */
function opens(library: string): boolean {
  try {
    koffi.load(library, { global: true });
    return true;
  } catch {
    return false;
  }
}

/** The CUDA libraries that the system's loader does not find by name. */
export function missingCudaLibraries(): string[] {
  return cudaLibraries.map(([name]) => name).filter((name) => !opens(name));
}

/**
 * Opens the CUDA libraries beside libtensorflow's folder, when the machine has a driver. TensorFlow, which looks for the libraries
 * by name, then finds them open. XLA gets the folder of its device code. TensorFlow itself reports a library that does not open.
 */
export function openCudaLibraries(folder: string): void {
  const nvidia = join(dirname(folder), 'nvidia');
  if (!folder.endsWith('-cuda') || !existsSync(nvidia) || !opens('libcuda.so.1')) return;
  process.env.XLA_FLAGS ??= `--xla_gpu_cuda_data_dir=${join(nvidia, 'cuda_nvcc')}`;
  for (const [name, wheel] of cudaLibraries) opens(join(nvidia, wheel, 'lib', name));
}
