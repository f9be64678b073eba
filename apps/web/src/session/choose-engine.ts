import { type Engine, listAdapters, openPortable } from '@dpo/engine';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

/** The engines that a reader may ask for. */
export type EngineChoice = 'auto' | 'webgpu' | 'webgpu-software' | 'wasm' | 'cpu';

/**
 * Opens an engine.
 *
 * @param choice `auto` takes WebGPU on a GPU, never on a software adapter, then WebAssembly, then plain JavaScript; the description
 * of the engine says why it is not WebGPU
 * @param wasmFolder the address of the folder with WebAssembly's programs
 * @throws DpoError the errors of `openPortable`, for an engine that was asked for by its name and does not start
 */
export async function chooseEngine(choice: EngineChoice, wasmFolder: string): Promise<Engine> {
  setWasmPaths(wasmFolder);
  if (choice === 'webgpu-software') return openPortable('webgpu', { device: 'cpu' });
  if (choice !== 'auto') return openPortable(choice);
  return openPortable('auto', { why: await whyNoGpu() });
}

/** Why WebGPU does not compute; undefined with a GPU. */
async function whyNoGpu(): Promise<string | undefined> {
  if (!('gpu' in navigator)) return 'this browser has no WebGPU';
  const adapters = await listAdapters();
  if (adapters.some(({ software }) => !software)) return undefined;
  return adapters.length === 0 ? 'WebGPU finds no GPU here' : 'WebGPU has only a software adapter here';
}
