import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { infoOf } from './adapters.js';
import type { TfjsBackend } from './tfjs-backend.js';

/**
 * tfjs's own backend on a new device of an adapter. Loads the package of the backend.
 *
 * @throws DpoError `engine.unavailable` when the package is not installed or the adapter gives no device
 */
export async function openBackend(adapter: GPUAdapter): Promise<TfjsBackend> {
  const module = await tfjsBackend();
  return construct(module, await openDevice(adapter), infoOf(adapter));
}

type TfjsModule = typeof import('@tensorflow/tfjs-backend-webgpu');

async function tfjsBackend(): Promise<TfjsModule> {
  const wasThere = tf.findBackendFactory('webgpu') !== null;
  try {
    const module = await import('@tensorflow/tfjs-backend-webgpu');
    // In a browser, loading the module makes its backend everybody's default, before the backend is ready.
    if (!wasThere && tf.findBackendFactory('webgpu') !== null) tf.removeBackend('webgpu');
    return module;
  } catch (cause) {
    throw new DpoError('engine.unavailable', 'The package @tensorflow/tfjs-backend-webgpu is not installed.', {
      hint: 'Install WebGPU: npm install webgpu @tensorflow/tfjs-backend-webgpu',
      cause,
    });
  }
}

/** The limits that kernels profit from. A device has the least that WebGPU guarantees unless it is asked for more. */
const limitNames = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const;

async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits = Object.fromEntries(limitNames.map((name) => [name, adapter.limits[name]]));
  try {
    return await adapter.requestDevice({ requiredLimits });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DpoError('engine.unavailable', `The GPU gives no device: ${why}`, {
      hint: 'Close other programs that use the GPU, or use the WebAssembly engine.',
      cause,
    });
  }
}

/** tfjs's backend on a device. Its constructor looks for `navigator.gpu`, which Node lacks. */
function construct({ WebGPUBackend }: TfjsModule, device: GPUDevice, info: object): TfjsBackend {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  const { navigator } = globalThis as { navigator?: { gpu?: unknown } };
  const isMissing = navigator?.gpu === undefined;
  if (isMissing) Object.defineProperty(globalThis, 'navigator', { value: { gpu: {} }, configurable: true });
  try {
    return new WebGPUBackend(device, info as never) as unknown as TfjsBackend;
  } finally {
    if (isMissing && own !== undefined) Object.defineProperty(globalThis, 'navigator', own);
    else if (isMissing) Reflect.deleteProperty(globalThis, 'navigator');
  }
}
