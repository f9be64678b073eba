import { availableParallelism, totalmem } from 'node:os';
import { DpoError } from '@dpo/base';
import { openEngine } from '../open-engine.js';
import type { Engine } from '../types.js';
import { cacheFolder } from './cache-folder.js';
import { lookForLibraries } from './find-library.js';
import type { LibraryCandidate } from './found-library.js';
import { thisMachine } from './machine.js';

/** What there is to know of a machine and the engine that runs on it. Plain JSON. */
export interface EngineInfo {
  /** What `openEngine()` opens; undefined where it fails, which `problem` explains. */
  readonly engine: Engine['kind'] | undefined;
  /** One line: what runs, on what, and why. */
  readonly description: string;
  readonly problem: { readonly code: string; readonly message: string; readonly hint: string | undefined } | undefined;
  /** The library that is used. */
  readonly library: LibraryCandidate | undefined;
  /** All that were looked at, in order, with what is against those that cannot be used. */
  readonly libraries: readonly LibraryCandidate[];
  readonly cache: string;
  readonly platform: string;
  readonly node: string;
  /** The GNU C library's version, on Linux. */
  readonly glibc: string | undefined;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly cpuFlags: readonly string[];
}

/** Looks at the machine, and opens the engine once to see that it runs. Throws nothing: what is wrong is in the answer. */
export async function engineInfo(): Promise<EngineInfo> {
  const libraries: LibraryCandidate[] = [];
  for await (const found of lookForLibraries()) libraries.push(found);
  const { platform, arch, cpuFlags, glibc } = await thisMachine();
  const opened = await tryEngine();
  return {
    ...opened,
    library: opened.engine === 'tensorflow' ? libraries.find(({ unsuitable }) => unsuitable === undefined) : undefined,
    libraries,
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
    const known = DpoError.is(error) ? error : undefined;
    const problem = { code: known?.code ?? 'engine.failed', message, hint: known?.hint };
    return { engine: undefined, description: `No engine: ${message}`, problem };
  }
}
