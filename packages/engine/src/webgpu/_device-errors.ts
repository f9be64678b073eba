import { DpoError } from '@dpo/base';

/** The error of every use of a device that was lost. */
export function lost(why: string): DpoError {
  return new DpoError('engine.device-lost', `The GPU was lost: ${why}`, {
    values: { why },
    hint: 'All values on the GPU are gone. Open the engine again, and go on from the last checkpoint.',
  });
}

/** The error of a call during which the device reported an error. */
export function deviceError(error: GPUError): DpoError {
  const outOfMemory = error.constructor.name === 'GPUOutOfMemoryError';
  if (outOfMemory)
    return new DpoError('engine.out-of-memory', `The GPU has no memory left: ${error.message}`, {
      hint: 'Use smaller batches, LoRA or a smaller model.',
    });
  return new DpoError('engine.webgpu-failed', `The GPU reports an error: ${error.message}`, {
    hint: 'This is a fault of the engine or of the driver. Use another engine, and report the message.',
  });
}
