import { join } from 'node:path';
import koffi from 'koffi';

/** The symbol of tsl::enable_tensor_float_32_execution(bool), which the C API lacks. */
const SYMBOL = '_ZN3tsl32enable_tensor_float_32_executionEb';

/**
 * Lets float32 products on GPUs round their inputs to TensorFloat-32's 10 bits, or forbids it. TensorFlow's own default is to
 * round silently; here float32 means float32 unless the options say otherwise. The setting holds for the whole process.
 */
export function setTensorFloat32(folder: string, enabled: boolean): void {
  // TensorFlow runs on GPUs natively only on Linux. The library is loaded already, and loading it again gives the same one.
  if (process.platform !== 'linux') return;
  try {
    const library = koffi.load(join(folder, 'libtensorflow_framework.so.2'));
    library.func(`void ${SYMBOL}(bool)`)(enabled);
  } catch {
    // A build without the symbol obeys CUDA's own switch, which is read at the first product.
    if (!enabled) process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  }
}
