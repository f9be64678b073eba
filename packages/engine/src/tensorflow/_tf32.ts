import { join } from 'node:path';
import koffi from 'koffi';

/** tsl::enable_tensor_float_32_execution(bool), which the C API does not have. */
const SYMBOL = '_ZN3tsl32enable_tensor_float_32_executionEb';

/**
 * Lets float32 products on GPUs round their inputs to TensorFloat-32's 10 bits, or not. TensorFlow's own default is to do
 * so, silently; here float32 means float32 unless asked. It holds for the whole process.
 */
export function setTensorFloat32(folder: string, enabled: boolean): void {
  // Only Linux has GPUs that TensorFlow runs on natively. The file is loaded already; this gives the same one.
  if (process.platform !== 'linux') return;
  try {
    const library = koffi.load(join(folder, 'libtensorflow_framework.so.2'));
    library.func(`void ${SYMBOL}(bool)`)(enabled);
  } catch {
    // A build without the symbol: CUDA's own switch, read when the first product is computed.
    if (!enabled) process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  }
}
