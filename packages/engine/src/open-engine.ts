import { DpoError } from '@dpo/base';
import { bfloat16Warning, choosePrecision, timeProducts } from './_auto-precision.js';
import { findLibrary } from './library/find-library.js';
import type { FoundLibrary } from './library/found-library.js';
import { cpuFlags, thisMachine, whyNoTensorFlow } from './library/machine.js';
import { hasGpu, type OpenPortableOptions, openPortable } from './portable/open-portable.js';
import { checkOptions, wrongOption } from './shared/check-options.js';
import type { DeviceName } from './shared/device-name.js';
import { findTfjsNode } from './tfjs-node/find-package.js';
import { openTfjsNode } from './tfjs-node/open-tfjs-node.js';
import type { Engine, Precision } from './types.js';
import type { Cluster } from './workers/cluster.js';

/** Which engine is opened, and how it computes. */
export interface OpenEngineOptions {
  /**
   * The engine. `auto` takes the first of these that the machine has: TensorFlow on a CUDA GPU, WebGPU on a GPU, TensorFlow on the
   * processor, tfjs-node in the current folder's project, WebAssembly, plain JavaScript. Between WebGPU and the processor it measures.
   * Default `auto`.
   */
  readonly kind?: 'auto' | Engine['kind'] | undefined;
  /**
   * The precision of matrix products. `auto` measures, and takes bfloat16 when the device multiplies it and is faster with it.
   * On a processor that only emulates bfloat16, the engine's `description` says how slow that is.
   * The portable engine always computes in float32. Default float32.
   */
  readonly precision?: Precision | 'auto' | undefined;
  /** The number of CPU threads. Default: all cores. */
  readonly threads?: number | undefined;
  /**
   * The device that computes. `auto` is the first GPU that the engine sees; TensorFlow takes the processor without one. With WebGPU,
   * `cpu` is a software adapter. Default `auto`.
   */
  readonly device?: DeviceName | undefined;
  /**
   * The bytes of the device's memory that tensors may take; a call that needs more throws `engine.out-of-memory`. TensorFlow's
   * own code takes some hundred MB besides. The first engine of a process sets the limit for all. WebAssembly's limit is always
   * 4 GiB. Default: the device's memory.
   */
  readonly memoryLimit?: number | undefined;
  /** True compiles functions by XLA, which is often faster on a GPU and rarely on a processor. Default false. */
  readonly xla?: boolean | undefined;
  /** True lets float32 products on GPUs round their inputs to 10 bits (TensorFloat-32), for speed. Default false. */
  readonly tf32?: boolean | undefined;
  /**
   * Which regions TensorFlow's XLA compiles: those that are large enough to gain by it, on processors with AVX-512 (`auto`), all
   * (`always`), or none (`never`). All give the same numbers to float32 rounding. Default `auto`.
   */
  readonly regions?: 'auto' | 'always' | 'never' | undefined;
  /** Called with a sentence when TensorFlow has to compute in a slower way. Default: nobody is told. */
  readonly onWarning?: ((warning: string) => void) | undefined;
  /** The workers that the engine is one of: its `collective` sums over them. TensorFlow only. Default: one worker alone. */
  readonly cluster?: Cluster | undefined;
}

/**
 * Opens the best engine of the machine. The engine's `description` says which one runs, and why.
 *
 * With `kind: 'auto'`, a library that does not load leads to the portable engine, whose description says so. A library that
 * DPO_LIBTENSORFLOW names and that does not load is an error. A GPU that is asked for is never replaced by the processor.
 *
 * @throws DpoError `engine.no-device` when there is no such GPU; `engine.library-not-found` and `engine.unavailable` when the
 *   options ask for TensorFlow and the machine has none; `engine.no-adapter`, `engine.only-software` and `engine.unavailable` when
 *   they ask for WebGPU and it has none; `engine.no-tfjs-node` and `engine.no-binding` when they ask for tfjs-node and the project has
 *   none, or none that is built; `engine.library-unloadable`, `engine.library-version`, `engine.wrong-option`
 */
export async function openEngine(options: OpenEngineOptions = {}): Promise<Engine> {
  checkChoice(options);
  checkOptions(options);
  const { kind = 'auto', precision = 'float32', device, memoryLimit, cluster } = options;
  const portable = { why: reason(undefined, precision), device, memoryLimit };
  if (kind === 'webgpu' || kind === 'tfjs-node' || kind === 'wasm' || kind === 'cpu') {
    if ((kind === 'wasm' || kind === 'cpu') && asksForGpu(options))
      throw unavailable(`${device} was asked for, and this engine has no GPU`, kind);
    if (cluster !== undefined)
      throw unavailable('several workers were asked for, and the portable engine works alone', kind);
    return kind === 'tfjs-node' ? openTfjsNode(portable) : openPortable(kind, portable);
  }
  if (kind === 'tensorflow' || cluster !== undefined) return openTensorFlowEngine(options);
  if (asksForGpu(options)) return openGpu(options);
  const engine = await tryTensorFlow(options);
  if (typeof engine === 'string') return openWithoutTensorFlow({ ...portable, why: reason(engine, precision) });
  return engine.device === 'cpu' && device !== 'cpu' && precision !== 'bfloat16'
    ? fasterOf(engine, memoryLimit)
    : engine;
}

const asksForGpu = ({ device }: OpenEngineOptions): boolean => device?.startsWith('gpu') ?? false;

/** The best engine without TensorFlow's library: WebGPU on a GPU, tfjs-node where the project has the package, else the processor. */
async function openWithoutTensorFlow(options: OpenPortableOptions): Promise<Engine> {
  const isGpu = options.device !== 'cpu' && (await hasGpu());
  if (isGpu || !findTfjsNode().some(({ isBuilt }) => isBuilt)) return openPortable('auto', options);
  try {
    return await openTfjsNode(options);
  } catch (error) {
    const why = [options.why, `tfjs-node cannot be used: ${(error as Error).message}`].filter(Boolean).join('; ');
    return openPortable('auto', { ...options, why });
  }
}

/** TensorFlow on a GPU, else WebGPU on one. The error is TensorFlow's when WebGPU has no GPU. */
async function openGpu(options: OpenEngineOptions): Promise<Engine> {
  try {
    return await openTensorFlowEngine(options);
  } catch (error) {
    if (!(await hasGpu())) throw error;
    const { precision = 'float32', device, memoryLimit } = options;
    const why = `TensorFlow has no GPU here: ${(error as Error).message}`;
    return openPortable('webgpu', { why: reason(why, precision), device, memoryLimit });
  }
}

/** TensorFlow, for options that ask for it. */
async function openTensorFlowEngine(options: OpenEngineOptions): Promise<Engine> {
  const library = await searchLibrary();
  if ('error' in library) throw library.error;
  return openOn(library, options);
}

/** TensorFlow, or the reason why another engine runs. A library that the user names must load. */
async function tryTensorFlow(options: OpenEngineOptions): Promise<Engine | string> {
  const library = await searchLibrary();
  if ('error' in library) return library.why;
  try {
    return await openOn(library, options);
  } catch (error) {
    if (library.source === 'env' || !isLibraryError(error)) throw error;
    return `libtensorflow in ${library.folder} cannot be used: ${error.message}`;
  }
}

/** The library, or what to say without one: as an error, and as the reason why another engine runs. */
async function searchLibrary(): Promise<FoundLibrary | { readonly error: DpoError; readonly why: string }> {
  const impossible = whyNoTensorFlow(await thisMachine());
  if (impossible !== undefined)
    return { error: unavailable(impossible, 'tensorflow'), why: `TensorFlow cannot run here, ${impossible}` };
  const why = 'no libtensorflow was found; `dpo engine install` fetches it';
  return (await findLibrary()) ?? { error: notFound(), why };
}

/** The engine on the processor, or WebGPU when there is a GPU and it multiplies faster: a GPU of the processor's own may not. */
async function fasterOf(processor: Engine, memoryLimit: number | undefined): Promise<Engine> {
  if (!(await hasGpu())) return processor;
  const gpu = await openPortable('webgpu', { memoryLimit }).catch((error: unknown) => error as Error);
  if (gpu instanceof Error) return because(processor, `WebGPU does not start: ${gpu.message}`);
  const ratio = (await timeProducts(processor, processor.precision)) / (await timeProducts(gpu, 'float32'));
  const why = `WebGPU measured at ${ratio.toFixed(1)} times the speed of the processor`;
  const [chosen, other] = ratio > 1 ? [gpu, processor] : [processor, gpu];
  await other.dispose();
  return because(chosen, why);
}

function checkChoice({ kind = 'auto', precision = 'float32', regions = 'auto' }: OpenEngineOptions): void {
  if (!['auto', 'tensorflow', 'webgpu', 'tfjs-node', 'wasm', 'cpu'].includes(kind))
    throw wrongOption('kind', kind, 'auto, tensorflow, webgpu, tfjs-node, wasm or cpu');
  if (!['auto', 'always', 'never'].includes(regions)) throw wrongOption('regions', regions, 'auto, always or never');
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

function unavailable(why: string, kind: Engine['kind']): DpoError {
  const engine = kind === 'tensorflow' ? 'TensorFlow' : `The engine ${kind}`;
  return new DpoError('engine.unavailable', `${engine} cannot run on this machine: ${why}.`, {
    values: { kind, why },
    hint:
      kind === 'tensorflow'
        ? 'Use the portable engine, which runs everywhere.'
        : 'Use the kind auto, tensorflow or webgpu.',
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
  const settings = { ...rest, folder: library.folder, regions: await chosenRegions(rest.regions) };
  if (precision !== 'auto') {
    const engine = openTensorFlow({ ...settings, precision, cluster });
    if (precision === 'float32') return engine;
    const warning = await bfloat16Warning(engine, engine.device === 'cpu' ? await cpuFlags() : undefined);
    return warning === undefined ? engine : because(engine, warning);
  }
  const float32 = openTensorFlow({ ...settings, precision: 'float32' });
  const flags = float32.device === 'cpu' ? await cpuFlags() : undefined;
  const { precision: chosen, why } = await choosePrecision(float32, flags);
  if (cluster === undefined && chosen === float32.precision) return because(float32, why);
  await float32.dispose();
  return because(openTensorFlow({ ...settings, precision: chosen, cluster }), why);
}

/** On processors without AVX-512 regions save no time (decision 51), and the first call of a function takes longer. */
async function chosenRegions(regions: OpenEngineOptions['regions'] = 'auto') {
  return regions === 'auto' && !(await cpuFlags()).includes('avx512f') ? 'never' : regions;
}

function because(engine: Engine, why: string): Engine {
  return { ...engine, description: `${engine.description} (${why})` };
}
