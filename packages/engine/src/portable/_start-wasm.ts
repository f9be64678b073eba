import { DpoError } from '@dpo/base';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/** A WebAssembly backend that runs. */
export interface WasmBackend {
  /** Whether the backend computes with vectors. */
  readonly simd: boolean;
}

let onlyStart: Promise<WasmBackend> | undefined;

/** Starts tfjs's WebAssembly backend, once per process, as tfjs's backend `wasm`. tfjs's current backend stays. */
export function startWasm(): Promise<WasmBackend> {
  onlyStart ??= start().catch((error: unknown) => {
    onlyStart = undefined;
    throw error;
  });
  return onlyStart;
}

async function start(): Promise<WasmBackend> {
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

/** Browsers have no process with listeners. */
const inNode = typeof process !== 'undefined' && typeof process.listeners === 'function';

const events = ['uncaughtException', 'unhandledRejection'] as const;

function processListeners(): Map<string, readonly unknown[]> {
  if (!inNode) return new Map();
  return new Map(events.map((event) => [event, process.listeners(event as never)]));
}

/** Removes the handlers that the backend's loader installs, which rethrow every error of the whole process. */
function removeNewListeners(before: ReadonlyMap<string, readonly unknown[]>): void {
  if (!inNode) return;
  for (const event of events)
    for (const listener of process.listeners(event as never) as ((...args: unknown[]) => void)[])
      if (!before.get(event)?.includes(listener)) process.off(event, listener);
}

/**
 * Makes the backend throw when WebAssembly's 4 GiB of memory are full. By itself the backend takes the null of a failed allocation
 * for an address, and truncates a size of more than 32 bits.
 */
function guardMemory(backend: BackendWasm): void {
  // Both builds of the module have the allocator; the types of one leave it out.
  const wasm = backend.wasm as BackendWasm['wasm'] & { _malloc(bytes: number): number };
  const allocate = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes: number): number => {
    const address = bytes < limit ? allocate(bytes) : 0;
    if (address !== 0 || bytes === 0) return address;
    throw new DpoError('engine.out-of-memory', `No ${(bytes / 1e6).toFixed(0)} MB are left in WebAssembly’s memory.`, {
      values: { bytes, limit },
      hint: 'WebAssembly has at most 4 GiB: use a smaller model, LoRA or smaller batches, or install TensorFlow: dpo engine install',
    });
  };
}

const limit = 2 ** 32;
