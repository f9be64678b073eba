import { DpoError } from '@dpo/base';
import { choosePrecision } from './_auto-precision.js';
import { findLibrary } from './library/find-library.js';
import type { FoundLibrary } from './library/found-library.js';
import { cpuFlags, thisMachine, whyNoTensorFlow } from './library/machine.js';
import { openPortable } from './portable/open-portable.js';
import { checkOptions, wrongOption } from './shared/check-options.js';
import type { DeviceName } from './shared/device-name.js';
import type { Engine, Precision } from './types.js';
import type { Cluster } from './workers/cluster.js';

/** Which engine is opened, and how it computes. */
export interface OpenEngineOptions {
  /** The engine. `auto` takes TensorFlow when a library is installed and loads, else the portable engine. Default `auto`. */
  readonly kind?: 'auto' | Engine['kind'] | undefined;
  /**
   * The precision of matrix products. `auto` measures, and takes bfloat16 when the device multiplies it and is faster with it.
   * The portable engine always computes in float32. Default float32.
   */
  readonly precision?: Precision | 'auto' | undefined;
  /** The number of CPU threads. Default: all cores. */
  readonly threads?: number | undefined;
  /** The device that computes. `auto` is the first GPU that TensorFlow sees, else the processor. Default `auto`. */
  readonly device?: DeviceName | undefined;
  /**
   * The bytes of the device's memory that tensors may take; a call that needs more throws `engine.out-of-memory`. TensorFlow's
   * own code takes some hundred MB besides. The first engine of a process sets the limit for all. The portable engine's limit
   * is always 4 GiB. Default: the device's memory.
   */
  readonly memoryLimit?: number | undefined;
  /** True compiles functions by XLA, which is often faster on a GPU and rarely on a processor. Default false. */
  readonly xla?: boolean | undefined;
  /** True lets float32 products on GPUs round their inputs to 10 bits (TensorFloat-32), for speed. Default false. */
  readonly tf32?: boolean | undefined;
  /** The workers that the engine is one of: its `collective` sums over them. TensorFlow only. Default: one worker alone. */
  readonly cluster?: Cluster | undefined;
}

/**
 * Opens the best engine of the machine. The engine's `description` says which one runs, and why.
 *
 * With `kind: 'auto'`, a library that does not load leads to the portable engine, whose description says so. A library that
 * DPO_LIBTENSORFLOW names and that does not load is an error.
 *
 * @throws DpoError `engine.no-device` when there is no such GPU; `engine.library-not-found` and `engine.unavailable` when the
 *   options ask for TensorFlow and the machine has none; `engine.library-unloadable`, `engine.library-version`,
 *   `engine.wrong-option`
 */
export async function openEngine(options: OpenEngineOptions = {}): Promise<Engine> {
  const { kind = 'auto', precision = 'float32' } = options;
  checkChoice(options);
  checkOptions(options);
  const { device, cluster } = options;
  const gpu = device?.startsWith('gpu') ?? false;
  const onlyTensorFlow = kind === 'tensorflow' || gpu || cluster !== undefined;
  if (kind === 'wasm' || kind === 'cpu') {
    if (gpu) throw unavailable(`${device} was asked for, and the portable engine has no GPU`);
    if (cluster !== undefined) throw unavailable('several workers were asked for, and the portable engine works alone');
    return openPortable(kind, { why: reason(undefined, precision) });
  }
  const impossible = whyNoTensorFlow(await thisMachine());
  if (impossible !== undefined) {
    if (onlyTensorFlow) throw unavailable(impossible);
    return openPortable('auto', { why: reason(`TensorFlow cannot run here, ${impossible}`, precision) });
  }
  const library = await findLibrary();
  if (library === undefined) {
    if (onlyTensorFlow) throw notFound();
    const why = 'no libtensorflow was found; `dpo engine install` fetches it';
    return openPortable('auto', { why: reason(why, precision) });
  }
  try {
    return await openOn(library, options);
  } catch (error) {
    if (onlyTensorFlow || library.source === 'env' || !isLibraryError(error)) throw error;
    const why = `libtensorflow in ${library.folder} cannot be used: ${error.message}`;
    return openPortable('auto', { why: reason(why, precision) });
  }
}

function checkChoice({ kind = 'auto', precision = 'float32' }: OpenEngineOptions): void {
  if (!['auto', 'tensorflow', 'wasm', 'cpu'].includes(kind))
    throw wrongOption('kind', kind, 'auto, tensorflow, wasm or cpu');
  if (!['auto', 'float32', 'bfloat16'].includes(precision))
    throw wrongOption('precision', precision, 'auto, float32 or bfloat16');
}

/** The reason for the portable engine, and a note that it computes in float32 when the options ask for bfloat16. */
function reason(why: string | undefined, precision: Precision | 'auto'): string | undefined {
  const rounding = precision === 'bfloat16' ? 'bfloat16 needs TensorFlow' : undefined;
  return [why, rounding].filter((part) => part !== undefined).join('; ') || undefined;
}

function isLibraryError(error: unknown): error is DpoError {
  return DpoError.is(error) && (error.code.startsWith('engine.library-') || error.code === 'engine.tensorflow-failed');
}

function unavailable(why: string): DpoError {
  return new DpoError('engine.unavailable', `TensorFlow cannot run on this machine: ${why}.`, {
    values: { why },
    hint: 'Use the portable engine, which runs everywhere.',
  });
}

function notFound(): DpoError {
  return new DpoError('engine.library-not-found', 'No libtensorflow was found on this machine.', {
    hint: 'Run: dpo engine install',
  });
}

async function openOn(library: FoundLibrary, options: OpenEngineOptions): Promise<Engine> {
  const { precision = 'float32', cluster, kind: _, ...rest } = options;
  // Imported only here, since the module loads the native interface.
  const { openTensorFlow } = await import('./tensorflow/tensorflow-engine.js');
  const settings = { ...rest, folder: library.folder };
  if (precision !== 'auto') return openTensorFlow({ ...settings, precision, cluster });
  const float32 = openTensorFlow({ ...settings, precision: 'float32' });
  const flags = float32.device === 'cpu' ? await cpuFlags() : undefined;
  const { precision: chosen, why } = await choosePrecision(float32, flags);
  if (cluster === undefined && chosen === float32.precision) return because(float32, why);
  await float32.dispose();
  return because(openTensorFlow({ ...settings, precision: chosen, cluster }), why);
}

function because(engine: Engine, why: string): Engine {
  return { ...engine, description: `${engine.description} (${why})` };
}
