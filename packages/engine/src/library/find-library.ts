import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { DpoError } from '@dpo/base';
import { cacheFolder } from './cache-folder.js';
import { libraryFiles, tensorflowVersion } from './wheels.js';

/** A libtensorflow on this machine. */
export interface FoundLibrary {
  /** The folder that holds its files. */
  readonly folder: string;
  readonly source: 'DPO_LIBTENSORFLOW' | 'cache' | 'python' | 'tfjs-node';
  /** Where it is known without loading the library. */
  readonly version: string | undefined;
}

/** Where installed libraries lie in the cache. */
export function installedFolder(cuda: boolean, cache = cacheFolder()): string {
  return join(cache, `libtensorflow-${tensorflowVersion}${cuda ? '-cuda' : ''}`);
}

/**
 * The first libtensorflow that is found, in the order: `DPO_LIBTENSORFLOW` (a folder or a file in it), the toolkit's cache
 * (CUDA before CPU), the TensorFlow of a Python installation, what tfjs-node downloaded. Libraries of another release than
 * 2.21 are passed over where the release is known.
 *
 * Throws `engine.library-not-found` where DPO_LIBTENSORFLOW is set and holds no library: a setting is never ignored.
 */
export async function findLibrary(env: NodeJS.ProcessEnv = process.env): Promise<FoundLibrary | undefined> {
  const set = env.DPO_LIBTENSORFLOW;
  if (set) return fromSetting(set);
  for (const cuda of [true, false]) {
    const folder = installedFolder(cuda, cacheFolder(env));
    if (await holdsLibrary(folder)) return { folder, source: 'cache', version: tensorflowVersion };
  }
  for (const look of [fromPython, fromTfjsNode]) {
    const found = await look();
    if (found !== undefined && suits(found.version)) return found;
  }
  return undefined;
}

/** Whether all of the library's files are in a folder. */
export async function holdsLibrary(folder: string): Promise<boolean> {
  const there = await Promise.all(
    libraryFiles().map((file) =>
      stat(join(folder, file)).then(
        (entry) => entry.isFile() && entry.size > 0,
        () => false,
      ),
    ),
  );
  return there.every(Boolean);
}

function suits(version: string | undefined): boolean {
  return version === undefined || version.split('.').slice(0, 2).join('.') === '2.21';
}

async function fromSetting(setting: string): Promise<FoundLibrary> {
  const path = resolve(setting);
  const entry = await stat(path).catch(() => undefined);
  const folder = entry?.isFile() ? dirname(path) : path;
  if (await holdsLibrary(folder)) return { folder, source: 'DPO_LIBTENSORFLOW', version: undefined };
  throw new DpoError(
    'engine.library-not-found',
    `DPO_LIBTENSORFLOW is ${setting}, but there is no libtensorflow: ${libraryFiles().join(' and ')} are needed.`,
    {
      values: { setting, files: libraryFiles() },
      hint: 'Point it at the folder that holds them, or unset it and run: dpo engine install',
    },
  );
}

/** A Python's TensorFlow, found without importing it, which would take seconds. */
async function fromPython(): Promise<FoundLibrary | undefined> {
  const script =
    'import importlib.util as u, importlib.metadata as m\n' +
    's = u.find_spec("tensorflow")\n' +
    'print(s.submodule_search_locations[0] if s else "")\n' +
    'print(next((d.version for d in m.distributions() if d.name and d.name.lower() in ("tensorflow", "tensorflow-cpu", "tensorflow_cpu")), ""))';
  const printed = await promisify(execFile)('python3', ['-c', script], { timeout: 5000 }).then(
    ({ stdout }) => stdout,
    () => '',
  );
  const [folder = '', version = ''] = printed.split('\n').map((line) => line.trim());
  if (folder === '') return undefined;
  const place = process.platform === 'win32' ? join(folder, 'python') : folder;
  return (await holdsLibrary(place)) ? { folder: place, source: 'python', version: version || undefined } : undefined;
}

/** What tfjs-node's own install script downloaded, where an application has it. */
async function fromTfjsNode(): Promise<FoundLibrary | undefined> {
  const require = createRequire(join(process.cwd(), 'package.json'));
  for (const name of ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']) {
    let manifest: string;
    try {
      manifest = require.resolve(`${name}/package.json`);
    } catch {
      continue;
    }
    const folder = join(dirname(manifest), 'deps', 'lib');
    if (!(await holdsLibrary(folder))) continue;
    const version = (await readdir(folder)).map((file) => /\.so\.(\d+\.\d+\.\d+)$/.exec(file)?.[1]).find(Boolean);
    return { folder, source: 'tfjs-node', version };
  }
  return undefined;
}

/** The processor's features that matter here, as Linux lists them. */
export async function cpuFlags(): Promise<readonly string[]> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const flags = /^flags\s*:\s*(.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  return ['avx', 'avx2', 'fma', 'avx512f', 'avx512_bf16', 'amx_bf16'].filter((flag) => flags.includes(flag));
}
