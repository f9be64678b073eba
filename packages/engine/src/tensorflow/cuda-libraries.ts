import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import { cudaLibraries } from '../library/cuda-wheels.js';

/** True where the loader opens a library, by name or by path. It stays open. */
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
 * Opens the CUDA libraries that lie beside libtensorflow's folder, where the machine has a driver: TensorFlow, which looks
 * for them by name, then finds them open. XLA is told where its device code lies. Where one does not open, TensorFlow says
 * so itself.
 */
export function openCudaLibraries(folder: string): void {
  const nvidia = join(dirname(folder), 'nvidia');
  if (!folder.endsWith('-cuda') || !existsSync(nvidia) || !opens('libcuda.so.1')) return;
  process.env.XLA_FLAGS ??= `--xla_gpu_cuda_data_dir=${join(nvidia, 'cuda_nvcc')}`;
  for (const [name, wheel] of cudaLibraries) opens(join(nvidia, wheel, 'lib', name));
}
