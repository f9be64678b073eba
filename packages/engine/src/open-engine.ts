import { availableParallelism } from 'node:os';
import { DpoError } from '@dpo/base';
import { cpuFlags, type FoundLibrary, findLibrary } from './library/find-library.js';
import { openPortable } from './portable/open-portable.js';
import type { Engine, Precision } from './types.js';

export interface OpenEngineOptions {
  /** `auto` takes TensorFlow where it is found and loads, else the portable engine. */
  readonly kind?: 'auto' | Engine['kind'] | undefined;
  /** `auto` is bfloat16 where the processor multiplies it, else float32. Default float32. */
  readonly precision?: Precision | 'auto' | undefined;
  /** CPU threads; all cores where left out. */
  readonly threads?: number | undefined;
}

/**
 * Opens the best engine at hand. Its `description` says which one runs, and why.
 *
 * Throws `engine.library-not-found` where TensorFlow was asked for and is not there, and what loading it throws. With `auto` a
 * library that cannot be loaded leads to the portable engine, whose description says so.
 */
export async function openEngine(options: OpenEngineOptions = {}): Promise<Engine> {
  const { kind = 'auto' } = options;
  if (kind === 'wasm' || kind === 'cpu') return openPortable(kind);
  const library = await findLibrary();
  if (library !== undefined) {
    try {
      return await openOn(library, options);
    } catch (error) {
      if (kind === 'tensorflow' || !DpoError.is(error)) throw error;
      return openPortable('wasm', `libtensorflow in ${library.folder} cannot be used (${error.message})`);
    }
  }
  if (kind === 'tensorflow')
    throw new DpoError('engine.library-not-found', 'libtensorflow is not on this machine.', {
      hint: 'Run: dpo engine install',
    });
  return openPortable('wasm', 'no libtensorflow was found; `dpo engine install` fetches it');
}

async function openOn(library: FoundLibrary, { precision = 'float32', threads }: OpenEngineOptions): Promise<Engine> {
  // Loaded when it is needed: it brings the native interface.
  const { openTensorFlow } = await import('./tensorflow/tensorflow-engine.js');
  const chosen = precision === 'auto' ? await autoPrecision() : precision;
  const engine = openTensorFlow({ folder: library.folder, precision: chosen, threads });
  const cores = threads ?? availableParallelism();
  const why =
    precision === 'auto' ? ` (chosen: the processor ${chosen === 'bfloat16' ? 'has' : 'has no'} bfloat16)` : '';
  return {
    ...engine,
    description:
      `TensorFlow ${library.version ?? ''} on ${cores} CPU ${cores === 1 ? 'thread' : 'threads'}, ${chosen}${why}`.replace(
        '  ',
        ' ',
      ),
  };
}

/** bfloat16 pays where the processor multiplies it by itself. */
async function autoPrecision(): Promise<Precision> {
  const flags = await cpuFlags();
  return flags.includes('avx512_bf16') || flags.includes('amx_bf16') ? 'bfloat16' : 'float32';
}
