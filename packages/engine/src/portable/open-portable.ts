import { DpoError } from '@dpo/base';
import { mayHaveGpu } from '#find-gpu';
import { checkOptions } from '../shared/check-options.js';
import type { DeviceName } from '../shared/device-name.js';
import type { Engine } from '../types.js';
import { searchAdapters } from '../webgpu/adapters.js';
import { startDevice } from '../webgpu/start-device.js';
import { startWasm } from './_start-wasm.js';
import { plainBackend } from './eager-backend.js';
import { eagerEngine } from './eager-engine.js';
import { mendKernels } from './mend-kernels.js';

/** Settings of {@link openPortable}. */
export interface OpenPortableOptions {
  /** The reason for this engine, which the description ends with. Default: none. */
  readonly why?: string | undefined;
  /** WebGPU's device: a GPU, or `cpu` for a software adapter. Default `auto`, the first GPU. */
  readonly device?: DeviceName | undefined;
  /**
   * The bytes of the GPU's memory that tensors may take; a call that needs more throws `engine.out-of-memory`. WebAssembly's limit is
   * always 4 GiB. Default: the GPU's memory.
   */
  readonly memoryLimit?: number | undefined;
}

/**
 * Opens the portable engine: tfjs on WebGPU, WebAssembly or plain JavaScript. `auto` takes the first that starts: WebGPU on a GPU,
 * never on a software adapter, then WebAssembly, then plain JavaScript. The engine runs functions eagerly, in float32, with
 * TensorFlow's results to float32 rounding.
 *
 * In Node, WebGPU needs the packages `webgpu` and `@tensorflow/tfjs-backend-webgpu`, and is not loaded without them.
 *
 * @throws DpoError `engine.unavailable` when `kind` is `wasm` or `webgpu` and does not start; with `webgpu` also
 *   `engine.no-adapter`, `engine.only-software`, `engine.no-device`
 */
export async function openPortable(
  kind: 'auto' | 'webgpu' | 'wasm' | 'cpu' = 'auto',
  options: OpenPortableOptions = {},
): Promise<Engine> {
  checkOptions(options);
  const { why, device = 'auto', memoryLimit } = options;
  if (kind === 'webgpu') return openWebGpu({ why, device, memoryLimit });
  if (kind === 'auto' && device !== 'cpu' && (await hasGpu())) {
    try {
      return await openWebGpu({ why, device, memoryLimit });
    } catch (error) {
      return openOnProcessor('auto', [why, `WebGPU does not start: ${messageOf(error)}`].filter(Boolean).join('; '));
    }
  }
  return openOnProcessor(kind, why);
}

/** Whether WebGPU finds a GPU, and not only software. */
export async function hasGpu(): Promise<boolean> {
  if (!(await mayHaveGpu())) return false;
  return (await searchAdapters()).adapters.some(({ about }) => !about.software);
}

async function openWebGpu({ why, device, memoryLimit }: OpenPortableOptions & { device: DeviceName }): Promise<Engine> {
  // Plain JavaScript computes on small tensors.
  await import('@tensorflow/tfjs-backend-cpu');
  const started = await startDevice({ device, memoryLimit });
  const { name, software } = started.adapter;
  const what = software ? `${name}, a software adapter` : name;
  return eagerEngine(started, `portable engine (WebGPU on ${what}), float32${because(why)}`);
}

async function openOnProcessor(kind: 'auto' | 'wasm' | 'cpu', why: string | undefined): Promise<Engine> {
  // Plain JavaScript computes the kernels that WebAssembly lacks.
  await import('@tensorflow/tfjs-backend-cpu');
  const open = (backend: 'wasm' | 'cpu', what: string, reason: string): Engine => {
    mendKernels(backend);
    return eagerEngine(plainBackend(backend), `portable engine (${what}), float32${reason}`);
  };
  if (kind === 'cpu') return open('cpu', 'plain JavaScript', because(why));
  try {
    const { simd } = await startWasm();
    return open('wasm', `WebAssembly${simd ? ' SIMD' : ''}`, because(why));
  } catch (cause) {
    const reason = `WebAssembly does not start: ${messageOf(cause)}`;
    if (kind === 'auto') return open('cpu', 'plain JavaScript', `${because(why)}; ${reason}`);
    throw new DpoError(
      'engine.unavailable',
      `The WebAssembly engine does not start on this machine: ${messageOf(cause)}`,
      {
        hint: 'Use the plain JavaScript engine (kind: cpu), or install TensorFlow: dpo engine install',
        cause,
      },
    );
  }
}

const because = (why: string | undefined): string => (why === undefined ? '' : `: ${why}`);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
