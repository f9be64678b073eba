import type { TfjsBackend } from './tfjs-backend.js';

/** The encoder of the commands that wait for their submission, outside of any compute pass. */
export function encoderOf(backend: TfjsBackend): GPUCommandEncoder {
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  return backend.commandEncoder as GPUCommandEncoder;
}

/** The compute pass of the commands that wait for their submission. */
export function passOf(backend: TfjsBackend): GPUComputePassEncoder {
  backend.ensureCommandEncoderReady();
  backend.computePassEncoder ??= (backend.commandEncoder as GPUCommandEncoder).beginComputePass();
  return backend.computePassEncoder;
}

/** Submits the recorded commands, if any. */
export function flush(backend: TfjsBackend): void {
  backend.endComputePassEncoder();
  if (backend.commandEncoder !== null) backend.submitQueue();
}
