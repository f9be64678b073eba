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

export interface OpenEngineOptions {
  /** `auto` takes TensorFlow where it is found and loads, else the portable engine. */
  readonly kind?: 'auto' | Engine['kind'] | undefined;
  /**
   * What matrix products are computed in. `auto` is bfloat16 where the processor multiplies it and does so faster, as
   * measured, else float32. Default float32, which is also what the portable engine always computes in.
   */
  readonly precision?: Precision | 'auto' | undefined;
  /** CPU threads; all cores where left out. */
  readonly threads?: number | undefined;
  /** What computes; default `auto`: the first GPU where TensorFlow sees one, else the processor. */
  readonly device?: DeviceName | undefined;
  /**
   * Bytes of the device's memory that tensors may take; beyond it calls throw `engine.out-of-memory`. TensorFlow's own
   * code takes some hundred MB besides. The first engine of a process sets it for all. The portable engine has its own
   * limit, 4 GiB.
   */
  readonly memoryLimit?: number | undefined;
  /** Compile functions by XLA: on a GPU often faster, on a processor rarely. Default false. */
  readonly xla?: boolean | undefined;
  /** On GPUs, let float32 products round their inputs to 10 bits (TensorFloat-32), for speed. Default false. */
  readonly tf32?: boolean | undefined;
  /** The workers among which the engine is one: its `collective` sums over them. TensorFlow alone can. */
  readonly cluster?: Cluster | undefined;
}

/**
 * Opens the best engine at hand. Its `description` says which one runs, and why.
 *
 * With `kind: 'auto'`, a library that does not load leads to the portable engine, whose description says so; not so one
 * that DPO_LIBTENSORFLOW names.
 *
 * @throws DpoError `engine.no-device` for a GPU that is not there; `engine.library-not-found` and `engine.unavailable` when TensorFlow was asked for and cannot be had,
 * `engine.library-unloadable`, `engine.library-version`, `engine.wrong-option`
 */
export async function openEngine(options: OpenEngineOptions = {}): Promise<Engine> {
  const { kind = 'auto', precision = 'float32' } = options;
  checkChoice(options);
  checkOptions(options);
  const { device, cluster } = options;
  const gpu = device?.startsWith('gpu') ?? false;
  const onlyTensorFlow = kind === 'tensorflow' || gpu || cluster !== undefined;
  if (kind === 'wasm' || kind === 'cpu') {
    if (gpu) throw unavailable(`${device} was asked for, and the portable engine has none`);
    if (cluster !== undefined) throw unavailable('several workers were asked for, and the portable engine is alone');
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

/** Why it is the portable engine, and that it computes in float32 where something else was asked for. */
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
  // Loaded when it is needed: it brings the native interface.
  const { openTensorFlow } = await import('./tensorflow/tensorflow-engine.js');
  const settings = { ...rest, folder: library.folder };
  if (precision !== 'auto') return openTensorFlow({ ...settings, precision, cluster });
  const measuring = openTensorFlow({ ...settings, precision: 'float32' });
  const flags = measuring.device === 'cpu' ? await cpuFlags() : undefined;
  const { precision: chosen, why } = await choosePrecision(measuring, flags);
  if (cluster === undefined && chosen === measuring.precision) return because(measuring, why);
  await measuring.dispose();
  return because(openTensorFlow({ ...settings, precision: chosen, cluster }), why);
}

function because(engine: Engine, why: string): Engine {
  return { ...engine, description: `${engine.description} (${why})` };
}
