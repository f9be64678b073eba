import { availableParallelism } from 'node:os';
import { DpoError } from '@dpo/base';
import { choosePrecision } from './_auto-precision.js';
import { type FoundLibrary, findLibrary } from './library/find-library.js';
import { cpuFlags, thisMachine, whyNoTensorFlow } from './library/machine.js';
import { openPortable } from './portable/open-portable.js';
import type { Engine, Precision } from './types.js';

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
}

/**
 * Opens the best engine at hand. Its `description` says which one runs, and why.
 *
 * With `kind: 'auto'`, a library that does not load leads to the portable engine, whose description says so; not so one
 * that DPO_LIBTENSORFLOW names.
 *
 * Throws `engine.library-not-found` and `engine.unavailable` where TensorFlow was asked for and cannot be had,
 * `engine.library-unloadable`, `engine.library-version`, `engine.wrong-option`.
 */
export async function openEngine(options: OpenEngineOptions = {}): Promise<Engine> {
  const { kind = 'auto', precision = 'float32' } = options;
  checkOptions(options);
  if (kind === 'wasm' || kind === 'cpu') return openPortable(kind, { why: reason(undefined, precision) });
  const impossible = whyNoTensorFlow(await thisMachine());
  if (impossible !== undefined) {
    if (kind === 'tensorflow') throw unavailable(impossible);
    return openPortable('auto', { why: reason(`TensorFlow cannot run here, ${impossible}`, precision) });
  }
  const library = await findLibrary();
  if (library === undefined) {
    if (kind === 'tensorflow') throw notFound();
    const why = 'no libtensorflow was found; `dpo engine install` fetches it';
    return openPortable('auto', { why: reason(why, precision) });
  }
  try {
    return await openOn(library, options);
  } catch (error) {
    if (kind === 'tensorflow' || library.source === 'env' || !isLibraryError(error)) throw error;
    const why = `libtensorflow in ${library.folder} cannot be used: ${error.message}`;
    return openPortable('auto', { why: reason(why, precision) });
  }
}

function checkOptions({ kind = 'auto', precision = 'float32', threads }: OpenEngineOptions): void {
  const wrong = (name: string, value: unknown, expected: string): DpoError =>
    new DpoError('engine.wrong-option', `${name} must be ${expected}, not ${value}.`, { values: { [name]: value } });
  if (!['auto', 'tensorflow', 'wasm', 'cpu'].includes(kind)) throw wrong('kind', kind, 'auto, tensorflow, wasm or cpu');
  if (!['auto', 'float32', 'bfloat16'].includes(precision))
    throw wrong('precision', precision, 'auto, float32 or bfloat16');
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0))
    throw wrong('threads', threads, 'a whole number above 0');
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

async function openOn(library: FoundLibrary, { precision = 'float32', threads }: OpenEngineOptions): Promise<Engine> {
  // Loaded when it is needed: it brings the native interface.
  const { openTensorFlow } = await import('./tensorflow/tensorflow-engine.js');
  const open = (chosen: Precision): Engine => openTensorFlow({ folder: library.folder, precision: chosen, threads });
  const engine = open(precision === 'auto' ? 'float32' : precision);
  if (precision !== 'auto') return described(engine, library, threads);
  const { precision: chosen, why } = await choosePrecision(engine, await cpuFlags());
  if (chosen === engine.precision) return described(engine, library, threads, why);
  await engine.dispose();
  return described(open(chosen), library, threads, why);
}

function described(engine: Engine, library: FoundLibrary, threads: number | undefined, why?: string): Engine {
  const version = library.version ?? /TensorFlow (\d[\w.-]*)/.exec(engine.description)?.[1] ?? '';
  const cores = threads ?? availableParallelism();
  const place = `${cores} CPU ${cores === 1 ? 'core' : 'cores'}`;
  const description = `TensorFlow ${version} on ${place}, ${engine.precision}${why === undefined ? '' : ` (${why})`}`;
  return { ...engine, description };
}
