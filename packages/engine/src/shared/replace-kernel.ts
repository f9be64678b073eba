import * as tf from '@tensorflow/tfjs-core';

/** Tells whether a backend of tfjs has a kernel. tfjs's types say that every backend has every kernel. */
export function hasKernel(kernelName: string, backendName: string): boolean {
  return Boolean(tf.getKernel(kernelName, backendName) as tf.KernelConfig | null | undefined);
}

/** Registers a kernel, and replaces an existing one of the same name but for its set-up. */
export function replaceKernel(kernelName: string, backendName: string, kernelFunc: tf.KernelFunc): void {
  const old = hasKernel(kernelName, backendName) ? tf.getKernel(kernelName, backendName) : undefined;
  if (old !== undefined) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ ...old, kernelName, backendName, kernelFunc });
}
