import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { EagerBackend } from '../portable/eager-backend.js';
import type { DeviceName } from '../shared/device-name.js';
import { sizeOf } from '../shared/size-of.js';
import type { EngineWork } from '../types.js';
import { flush } from './_commands.js';
import { countWork, type Work } from './_count-work.js';
import { deviceError, lost } from './_device-errors.js';
import { checkFits, splitLargeTensors } from './_large-tensors.js';
import { mendBackend, watchTensors } from './_mend-backend.js';
import { openBackend } from './_open-backend.js';
import { readValues } from './_read-values.js';
import { chooseAdapter, type OpenAdapter, searchAdapters } from './adapters.js';
import type { GpuAdapter } from './gpu.js';
import { fuseRegions } from './kernels/fused-region.js';
import { registerKernels } from './kernels/register.js';
import type { TfjsBackend } from './tfjs-backend.js';

/** How a device is opened. */
export interface DeviceOptions {
  readonly device: DeviceName;
  /** The bytes that tensors may take. Default: the device's memory. */
  readonly memoryLimit?: number | undefined;
  /** The most bytes of one binding, for tests of tensors that are larger. Default: the device's limit. */
  readonly pieceBytes?: number | undefined;
}

/** A device that engines compute on. */
export interface WebGpuDevice extends EagerBackend {
  readonly adapter: GpuAdapter;
}

/** A device of the process, which all its engines share, so that shaders are compiled once. */
interface Shared {
  readonly about: GpuAdapter;
  readonly name: string;
  readonly backend: TfjsBackend;
  readonly work: Work;
  readonly watch: ReturnType<typeof watchTensors>;
  /** The reason why the device can no longer be used. */
  lost?: string;
  /** An error outside of a call. */
  failure?: GPUError | undefined;
  users: number;
}

const running = new Map<string, Promise<Shared>>();
let count = 0;

/**
 * A device on the adapter that the options name. Engines on the same adapter share a device. It ends with its last engine.
 *
 * @throws DpoError `engine.no-adapter`, `engine.only-software`, `engine.no-device`; `engine.unavailable` when tfjs's backend is not
 *   installed or the adapter gives no device
 */
export async function startDevice({ device, memoryLimit, pieceBytes }: DeviceOptions): Promise<WebGpuDevice> {
  const chosen = chooseAdapter(await searchAdapters(), device);
  const key = `${chosen.about.device} ${pieceBytes ?? ''}`;
  const starting = running.get(key) ?? start(chosen, key, pieceBytes);
  running.set(key, starting);
  const shared = await starting.catch((error: unknown) => {
    running.delete(key);
    throw error;
  });
  shared.users++;
  const limit = memoryLimit === undefined ? undefined : { bytes: memoryLimit };
  const { limits } = shared.backend.bufferManager;
  if (limit !== undefined) limits.add(limit);
  return {
    ...eagerBackendOf(shared),
    dispose: () => {
      if (limit !== undefined) limits.delete(limit);
      if (--shared.users === 0) end(shared, key);
    },
  };
}

async function start({ about, adapter }: OpenAdapter, key: string, pieceBytes: number | undefined): Promise<Shared> {
  const backend = await openBackend(adapter);
  const { device } = backend;
  const name = `dpo-webgpu-${++count}`;
  const work: Work = { dispatches: 0, submissions: 0 };
  mendBackend(backend);
  const bindingBytes = pieceBytes ?? device.limits.maxStorageBufferBindingSize;
  splitLargeTensors(backend, bindingBytes);
  fuseRegions(backend, bindingBytes);
  // Last, so that a tensor that no buffer can hold is refused before anything else is done with it.
  countWork(backend, work);
  tf.copyRegisteredKernels('webgpu', name);
  registerKernels(name);
  tf.registerBackend(name, () => backend as unknown as tf.KernelBackend, 0);
  const shared: Shared = { about, name, backend, work, watch: watchTensors(backend), users: 0 };
  device.onuncapturederror = ({ error }) => {
    shared.failure ??= error;
  };
  void device.lost.then(({ message, reason }) => {
    shared.lost = message || reason || 'no reason was given';
    void forget(shared, key);
  });
  return shared;
}

/** Lets the next engine start another device. */
async function forget(shared: Shared, key: string): Promise<void> {
  if ((await running.get(key)) === shared) running.delete(key);
}

function end(shared: Shared, key: string): void {
  // A device that was lost is forgotten already, and another one may run under its key.
  if (shared.lost === undefined) running.delete(key);
  const { name, backend } = shared;
  if (tf.getBackend() === name) void tf.setBackend('cpu');
  tf.removeBackend(name);
  for (const { kernelName } of tf.getKernelsForBackend(name)) tf.unregisterKernel(kernelName, name);
  backend.device.destroy();
}

function eagerBackendOf(shared: Shared): Omit<WebGpuDevice, 'dispose'> {
  const { about, name, backend, work, watch } = shared;
  const { device } = backend;
  const check = (): void => {
    if (shared.lost !== undefined) throw lost(shared.lost);
    const { failure } = shared;
    shared.failure = undefined;
    if (failure !== undefined) throw deviceError(failure);
  };
  return {
    kind: 'webgpu',
    name,
    device: about.device,
    adapter: about,
    check,
    checkFits: (what, shape) => checkFits(what, shape, device.limits.maxBufferSize),
    place: (tensor) => {
      if (sizeOf(tensor.shape) > 0) backend.uploadToGPU(tensor.dataId);
    },
    peek: ({ dataId }) => backend.tensorMap.get(dataId).values ?? undefined,
    read: (tensors) => readValues(backend, tensors),
    call: async (run) => {
      check();
      watch.start();
      for (const filter of ['validation', 'internal', 'out-of-memory'] as const) device.pushErrorScope(filter);
      const scopes = async (): Promise<GPUError | null> => {
        flush(backend);
        const errors = await Promise.all([0, 1, 2].map(() => device.popErrorScope()));
        return errors.find((error) => error !== null) ?? null;
      };
      const outcome = await run().then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      watch.sweep();
      const failure = await scopes().catch(() => null);
      // The news that the device is lost may come after the failures that follow from it.
      if ('error' in outcome && !DpoError.is(outcome.error)) await Promise.race([device.lost, pause(LOSS_MS)]);
      check();
      if (failure !== null) throw deviceError(failure);
      if ('error' in outcome) throw outcome.error;
      return outcome.value;
    },
    work: (): EngineWork => ({
      ...work,
      bytes: backend.bufferManager.numBytesAllocated,
      peakBytes: backend.bufferManager.peakBytes,
    }),
  };
}

/** How long the news of a lost device are waited for, in milliseconds. */
const LOSS_MS = 100;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
