import { DpoError } from '@dpo/base';
import type { Engine } from '../types.js';
import { startWasm } from './_start-wasm.js';
import { eagerEngine } from './eager-engine.js';

/** Settings of {@link openPortable}. */
export interface OpenPortableOptions {
  /** The reason for this engine, which the description ends with. Default: none. */
  readonly why?: string | undefined;
}

/**
 * Opens the portable engine: tfjs on WebAssembly or on plain JavaScript. `auto` takes plain JavaScript when WebAssembly does not
 * start. The engine runs everywhere. It runs functions eagerly, in float32, with TensorFlow's results to float32 rounding.
 *
 * @throws DpoError `engine.unavailable` when `kind` is `wasm` and WebAssembly does not start
 */
export async function openPortable(
  kind: 'auto' | 'wasm' | 'cpu' = 'auto',
  { why }: OpenPortableOptions = {},
): Promise<Engine> {
  // Plain JavaScript computes the kernels that WebAssembly lacks.
  await import('@tensorflow/tfjs-backend-cpu');
  const because = why === undefined ? '' : `: ${why}`;
  const plain = (reason: string): Engine => eagerEngine('cpu', `portable engine (plain JavaScript), float32${reason}`);
  if (kind === 'cpu') return plain(because);
  try {
    const { simd } = await startWasm();
    return eagerEngine('wasm', `portable engine (WebAssembly${simd ? ' SIMD' : ''}), float32${because}`);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (kind === 'auto') return plain(`${because}; WebAssembly does not start: ${message}`);
    throw new DpoError('engine.unavailable', `The WebAssembly engine does not start on this machine: ${message}`, {
      hint: 'Use the plain JavaScript engine (kind: cpu), or install TensorFlow: dpo engine install',
      cause,
    });
  }
}
