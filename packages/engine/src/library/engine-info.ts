import { availableParallelism, totalmem } from 'node:os';
import { DpoError } from '@dpo/base';
import { openEngine } from '../open-engine.js';
import { findTfjsNode, type TfjsNodePackage } from '../tfjs-node/find-package.js';
import type { Engine } from '../types.js';
import { searchAdapters } from '../webgpu/adapters.js';
import type { GpuAdapter } from '../webgpu/gpu.js';
import { cacheFolder } from './cache-folder.js';
import { lookForLibraries } from './find-library.js';
import type { LibraryCandidate } from './found-library.js';
import { thisMachine } from './machine.js';

/** A machine and the engine that runs on it, as plain JSON. */
export interface EngineInfo {
  /** The engine that `openEngine()` opens; undefined when it fails, which `problem` explains. */
  readonly engine: Engine['kind'] | undefined;
  /** One line: what runs, on what, and why. */
  readonly description: string;
  /** The error of `openEngine()`. */
  readonly problem: { readonly code: string; readonly message: string; readonly hint: string | undefined } | undefined;
  /** The library that the engine uses. */
  readonly library: LibraryCandidate | undefined;
  /** All libraries of the machine in the order of preference; an unsuitable one with the reason. */
  readonly libraries: readonly LibraryCandidate[];
  /** The adapters that WebGPU finds, with their limits. */
  readonly adapters: readonly GpuAdapter[];
  /** The reason why there are no adapters; undefined when there are some. */
  readonly noAdapters: string | undefined;
  /** tfjs's packages with a native backend that the current folder's project has. */
  readonly tfjsNode: readonly TfjsNodePackage[];
  /** The folder of downloads: see `cacheFolder`. */
  readonly cache: string;
  /** Platform and architecture, `linux-x64`. */
  readonly platform: string;
  /** Node's version. */
  readonly node: string;
  /** The GNU C library's version, on Linux. */
  readonly glibc: string | undefined;
  readonly cores: number;
  readonly memoryBytes: number;
  /** The processor's features that matter to engines: see `cpuFlags`. */
  readonly cpuFlags: readonly string[];
}

/** Describes the machine, and opens the engine once to see that it runs. Never throws: `problem` holds the engine's error. */
export async function engineInfo(): Promise<EngineInfo> {
  const libraries: LibraryCandidate[] = [];
  for await (const library of lookForLibraries()) libraries.push(library);
  const { platform, arch, cpuFlags, glibc } = await thisMachine();
  const result = await tryEngine();
  const { adapters, problem } = await searchAdapters();
  return {
    ...result,
    library: result.engine === 'tensorflow' ? libraries.find(({ unsuitable }) => unsuitable === undefined) : undefined,
    libraries,
    adapters: adapters.map(({ about }) => about),
    noAdapters: problem?.why,
    tfjsNode: findTfjsNode(),
    cache: cacheFolder(),
    platform: `${platform}-${arch}`,
    node: process.version,
    glibc,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    cpuFlags,
  };
}

async function tryEngine(): Promise<Pick<EngineInfo, 'engine' | 'description' | 'problem'>> {
  try {
    const engine = await openEngine();
    const { kind, description } = engine;
    await engine.dispose();
    return { engine: kind, description, problem: undefined };
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    const dpoError = DpoError.is(error) ? error : undefined;
    const problem = { code: dpoError?.code ?? 'engine.failed', message, hint: dpoError?.hint };
    return { engine: undefined, description: `No engine: ${message}`, problem };
  }
}
