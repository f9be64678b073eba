import { createRequire } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { findTfjsNode, type TfjsNodePackage } from './find-package.js';

/** The parts of tfjs-node's backend that we use. */
export interface NativeBackend extends tf.KernelBackend {
  /** The native functions. */
  readonly binding: unknown;
  /** Whether the package's TensorFlow computes on a GPU. */
  readonly isUsingGpuDevice: boolean;
}

/** A package that is loaded, and its backend. */
export interface LoadedPackage {
  readonly about: TfjsNodePackage;
  readonly backend: NativeBackend;
}

/** tfjs-node's name of its backend. */
export const BACKEND = 'tensorflow';

/**
 * Loads `@tensorflow/tfjs-node-gpu`, else `@tensorflow/tfjs-node`. A package whose binding is not built is passed over when the other
 * one is built. Everything else that tfjs knows stays as it was: the current backend, kernels of plain JavaScript and gradients.
 *
 * @param from a folder of the project
 * @throws DpoError `engine.no-tfjs-node` when neither is installed, `engine.no-binding` when the native part is not built,
 *   `engine.library-unloadable` when the native part or its TensorFlow does not load
 */
export function loadTfjsNode(from?: string): LoadedPackage {
  const packages = findTfjsNode(from);
  const about = packages.find(({ isBuilt }) => isBuilt) ?? packages[0];
  if (about === undefined) throw notInstalled();
  if (!about.isBuilt) throw notBuilt(about);
  supplyUtil();
  // TensorFlow announces the processor's features on standard error otherwise.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  const restore = rememberTfjs();
  try {
    createRequire(join(about.folder, 'package.json'))(about.folder);
    return { about, backend: tf.findBackend(BACKEND) as NativeBackend };
  } catch (cause) {
    throw notLoaded(about, cause);
  } finally {
    restore();
  }
}

/**
 * Supplies the functions of `node:util` that tfjs-node calls and that Node 23 removed. Node 22 prints a warning when its own are called,
 * so that they are replaced there as well.
 */
function supplyUtil(): void {
  const functions = { isNullOrUndefined: (x: unknown) => x === null || x === undefined, isArray: Array.isArray };
  for (const [name, value] of Object.entries(functions))
    Object.defineProperty(util, name, { value, configurable: true, writable: true });
}

/**
 * Remembers what loading the package would change in tfjs, and returns a function that restores it. The package loads all of tfjs,
 * perhaps in copies of its own, which register their kernels of plain JavaScript and their gradients over ours.
 */
function rememberTfjs(): () => void {
  const backend: string | null = tf.getBackend();
  const kernels = tf.getKernelsForBackend('cpu');
  const gradients = kernels.flatMap(({ kernelName }) => tf.getGradient(kernelName) ?? []);
  return () => {
    for (const kernel of kernels) {
      if (tf.getKernel(kernel.kernelName, 'cpu') === kernel) continue;
      tf.unregisterKernel(kernel.kernelName, 'cpu');
      tf.registerKernel(kernel);
    }
    for (const gradient of gradients)
      if (tf.getGradient(gradient.kernelName) !== gradient) tf.registerGradient(gradient);
    if (backend && tf.getBackend() !== backend) void tf.setBackend(backend);
  };
}

function notInstalled(): DpoError {
  return new DpoError(
    'engine.no-tfjs-node',
    'Neither @tensorflow/tfjs-node-gpu nor @tensorflow/tfjs-node is installed in this project.',
    {
      hint: 'Install one of them with its install script, such as: npm install @tensorflow/tfjs-node-gpu@4.22.0. Or use another engine, such as tensorflow: dpo engine install',
    },
  );
}

function notBuilt({ name, folder }: TfjsNodePackage): DpoError {
  return new DpoError(
    'engine.no-binding',
    `${name} in ${folder} has no native binding (lib/napi-v*/tfjs_binding.node): its install script has not run, or has failed.`,
    {
      values: { package: name, folder },
      hint: `Run: npm rebuild ${name} --build-addon-from-source. pnpm runs the script after: pnpm approve-builds`,
    },
  );
}

function notLoaded({ name, folder }: TfjsNodePackage, cause: unknown): DpoError {
  const why = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0];
  return new DpoError('engine.library-unloadable', `${name} in ${folder} does not load: ${why}`, {
    values: { package: name, folder, why },
    hint: `Reinstall the package with its install script, which brings its TensorFlow, or use another engine, such as tensorflow: dpo engine install`,
    cause,
  });
}
