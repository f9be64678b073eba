import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { eagerEngine } from '../eager-engine.js';
import type { Engine } from '../types.js';
import { addMissingKernels } from './missing-kernels.js';

/**
 * Opens the portable engine: tfjs on WebAssembly, or on plain JavaScript. It runs functions eagerly, everywhere, with the
 * same results to float32 rounding.
 *
 * @param why appended to the description: why it is this engine
 * Throws `engine.unavailable` where WebAssembly does not start.
 */
export async function openPortable(
  wanted: 'auto' | 'wasm' | 'cpu',
  { why }: { why?: string | undefined } = {},
): Promise<Engine> {
  const kind = wanted === 'auto' ? 'wasm' : wanted;
  const because = why === undefined ? '' : `: ${why}`;
  // Plain JavaScript stands in for the kernels that WebAssembly lacks.
  await import('@tensorflow/tfjs-backend-cpu');
  if (kind === 'cpu') return eagerEngine('cpu', `portable engine (plain JavaScript), float32${because}`);
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  // Threads of this backend keep a Node process from ending.
  wasm.setThreadsCount(1);
  const previous = tf.getBackend();
  const started = await tf.setBackend('wasm').catch(() => false);
  if (!started)
    throw new DpoError('engine.unavailable', 'The WebAssembly engine does not start on this machine.', {
      hint: 'Use --engine cpu, or install TensorFlow: dpo engine install',
    });
  addMissingKernels();
  if (previous && previous !== 'wasm') tf.setBackend(previous);
  return eagerEngine('wasm', `portable engine (WebAssembly), float32${because}`);
}
