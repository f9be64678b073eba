import { type Engine, openPortable } from '@dpo/engine';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

/** The engines that a reader may ask for. */
export type EngineChoice = 'auto' | 'wasm' | 'cpu';

/**
 * Opens an engine.
 *
 * @param choice `auto` takes WebAssembly, and plain JavaScript where WebAssembly does not start
 * @param wasmFolder the address of the folder with WebAssembly's programs
 * @throws DpoError `engine.unavailable` for an engine that was asked for by its name and does not start
 */
export async function chooseEngine(choice: EngineChoice, wasmFolder: string): Promise<Engine> {
  setWasmPaths(wasmFolder);
  if (choice !== 'auto') return openPortable(choice);
  const hasWebGpu = 'gpu' in navigator;
  return openPortable('auto', { why: hasWebGpu ? 'WebGPU is not used yet' : 'this browser has no WebGPU' });
}
