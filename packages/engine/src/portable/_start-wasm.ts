import { DpoError } from '@dpo/base';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/** How WebAssembly runs here. */
export interface StartedWasm {
  readonly simd: boolean;
}

let started: Promise<StartedWasm> | undefined;

/** Starts tfjs's WebAssembly backend, once per process; afterwards tfjs knows it as `wasm`. tfjs's current backend stays. */
export function startWasm(): Promise<StartedWasm> {
  started ??= start().catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  return started;
}

async function start(): Promise<StartedWasm> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  wasm.setThreadsCount(1);
  const previous = tf.getBackend();
  const listeners = processListeners();
  try {
    if (!(await tf.setBackend('wasm'))) throw new Error('the backend cannot be initialised');
  } finally {
    removeNewListeners(listeners);
    if (previous && previous !== 'wasm') tf.setBackend(previous);
  }
  guardMemory(tf.findBackend('wasm') as BackendWasm);
  return { simd: Boolean(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) };
}

/** Browsers have no process whose errors could be caught. */
const inNode = typeof process !== 'undefined' && typeof process.listeners === 'function';

const events = ['uncaughtException', 'unhandledRejection'] as const;

function processListeners(): Map<string, readonly unknown[]> {
  if (!inNode) return new Map();
  return new Map(events.map((event) => [event, process.listeners(event as never)]));
}

/** The backend's loader installs handlers that rethrow every error of the whole process. They are none of its business. */
function removeNewListeners(before: ReadonlyMap<string, readonly unknown[]>): void {
  if (!inNode) return;
  for (const event of events)
    for (const listener of process.listeners(event as never) as ((...args: unknown[]) => void)[])
      if (!before.get(event)?.includes(listener)) process.off(event, listener);
}

/**
 * WebAssembly's memory ends at 4 GiB. The backend takes the null of a failed allocation for an address, and asks for
 * the remainder where a size is beyond 32 bits.
 */
function guardMemory(backend: BackendWasm): void {
  // The allocator is on the module, though the types of one of its two builds leave it out.
  const wasm = backend.wasm as BackendWasm['wasm'] & { _malloc(bytes: number): number };
  const allocate = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes: number): number => {
    const address = bytes < limit ? allocate(bytes) : 0;
    if (address !== 0 || bytes === 0) return address;
    throw new DpoError('engine.out-of-memory', `No ${(bytes / 1e6).toFixed(0)} MB are left in WebAssembly’s memory.`, {
      values: { bytes, limit },
      hint: 'It ends at 4 GiB: use a smaller model, LoRA or smaller batches, or install TensorFlow: dpo engine install',
    });
  };
}

const limit = 2 ** 32;
