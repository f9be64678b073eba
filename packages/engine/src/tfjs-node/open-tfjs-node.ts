import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { EagerBackend } from '../portable/eager-backend.js';
import { eagerEngine } from '../portable/eager-engine.js';
import { mendKernels, nativeGaps, supplementKernels } from '../portable/mend-kernels.js';
import type { DeviceName } from '../shared/device-name.js';
import { asType } from '../shared/numbers.js';
import { tensorFlowError } from '../shared/tensorflow-error.js';
import type { Engine } from '../types.js';
import { BACKEND, type LoadedPackage, loadTfjsNode, type NativeBackend } from './_load-package.js';

/** Settings of {@link openTfjsNode}. */
export interface OpenTfjsNodeOptions {
  /** The reason for this engine, which the description ends with. Default: none. */
  readonly why?: string | undefined;
  /** The device, which the package chooses: another one is an error. Default `auto`. */
  readonly device?: DeviceName | undefined;
  /** A folder of the project that has the package. Default: the current folder. */
  readonly from?: string | undefined;
}

/**
 * Opens the portable engine on the backend of `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node`, which the project has installed:
 * functions run eagerly, in float32, on the package's own TensorFlow.
 *
 * @throws DpoError `engine.no-tfjs-node`, `engine.no-binding`, `engine.library-unloadable` when the package is not there or does not
 *   load; `engine.no-device` for another device than the package computes on
 */
export async function openTfjsNode({ why, device = 'auto', from }: OpenTfjsNodeOptions = {}): Promise<Engine> {
  const { about, backend } = await start(from);
  const own = backend.isUsingGpuDevice ? 'gpu:0' : 'cpu';
  checkDevice(device, own, about.name);
  const where = own === 'cpu' ? 'the processor' : 'a GPU';
  const what = `portable engine (${about.name} ${about.version} on ${where}), float32`;
  return eagerEngine(nativeBackend(own), why === undefined ? what : `${what}: ${why}`);
}

/** Our name of the backend: an application's own use of tfjs-node is not disturbed by our kernels. */
const NAME = 'dpo-tfjs-node';

let onlyStart: Promise<LoadedPackage> | undefined;

/** Loads the package once per process, as a backend of our own name. */
function start(from: string | undefined): Promise<LoadedPackage> {
  onlyStart ??= load(from).catch((error: unknown) => {
    onlyStart = undefined;
    throw error;
  });
  return onlyStart;
}

async function load(from: string | undefined): Promise<LoadedPackage> {
  // Plain JavaScript computes the kernels that the package lacks.
  await import('@tensorflow/tfjs-backend-cpu');
  mendKernels('cpu');
  const { about, backend } = loadTfjsNode(from);
  const Backend = backend.constructor as new (binding: unknown, packageName: string) => NativeBackend;
  const own = new Backend(backend.binding, about.name);
  tf.registerBackend(NAME, () => own, 0);
  tf.copyRegisteredKernels(BACKEND, NAME);
  supplementKernels(NAME, nativeGaps);
  return { about, backend: own };
}

function checkDevice(device: DeviceName, own: Engine['device'], name: string): void {
  if (device === 'auto' || device === own || (device === 'gpu' && own !== 'cpu')) return;
  const isProcessor = own === 'cpu';
  throw new DpoError(
    'engine.no-device',
    `${name} computes on ${isProcessor ? 'the processor' : own}, not on ${device}.`,
    {
      values: { device, available: own },
      hint: isProcessor
        ? 'A GPU needs @tensorflow/tfjs-node-gpu, NVIDIA’s driver, and the CUDA libraries of the package’s TensorFlow.'
        : 'The package takes the first GPU that CUDA shows. CUDA_VISIBLE_DEVICES in the environment chooses it; empty, it means the processor.',
    },
  );
}

function nativeBackend(device: Engine['device']): EagerBackend {
  return {
    kind: 'tfjs-node',
    name: NAME,
    device,
    check: () => undefined,
    checkFits: () => undefined,
    place: () => undefined,
    peek: (tensor) => tensor.dataSync(),
    // Copied, since tensors that no operation has used yet give the arrays that they were made of.
    read: async (tensors) => tensors.map((tensor) => asType(tensor.dtype, tensor.dataSync().slice())),
    call: (run) =>
      run().catch((error: unknown) => {
        throw nativeError(error);
      }),
    dispose: () => undefined,
  };
}

/** The binding's errors, which only their texts tell apart, as ours. */
function nativeError(error: unknown): unknown {
  const message = error instanceof Error && !DpoError.is(error) ? error.message : '';
  const [, status, text] = /Invalid TF_Status: (\d+)\s+Message: ([\s\S]*)/.exec(message) ?? [];
  return text === undefined ? error : tensorFlowError('a call', { code: Number(status), message: text });
}
