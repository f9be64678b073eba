import { readdir } from 'node:fs/promises';
import type { FoundGpu } from '../webgpu/gpu.js';

let onlyAccess: Promise<FoundGpu> | undefined;

/**
 * WebGPU of this process: the runtime's own where it has WebGPU (Deno), else Dawn from the npm package `webgpu`. Dawn is loaded at
 * the first call.
 */
export function findGpu(): Promise<FoundGpu> {
  onlyAccess ??= find();
  return onlyAccess;
}

async function find(): Promise<FoundGpu> {
  const own = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (own !== undefined) return { gpu: own };
  try {
    const { create, globals } = await import('webgpu');
    // tfjs's backend expects the constants and classes of WebGPU where a page has them.
    for (const [name, value] of Object.entries(globals))
      if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    return { gpu: create([]) as unknown as GPU };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    const isMissing = (cause as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND';
    return {
      gpu: undefined,
      why: isMissing
        ? 'the package webgpu, which brings WebGPU to Node, is not installed'
        : `Dawn does not load: ${message}`,
      hint: 'Install WebGPU: npm install webgpu @tensorflow/tfjs-backend-webgpu',
    };
  }
}

/**
 * Whether the machine may have a GPU, found out without loading Dawn. Under Linux, drivers of GPUs make files in /dev: Direct
 * Rendering, NVIDIA's driver, and Windows' GPU in its Linux.
 */
export async function mayHaveGpu(): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const names = await Promise.all(['/dev', '/dev/dri'].map((folder) => readdir(folder).catch(() => [])));
  return names.flat().some((name) => /^(renderD|nvidia\d|dxg$)/.test(name));
}
