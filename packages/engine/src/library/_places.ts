import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { findTfjsNode } from '../tfjs-node/find-package.js';
import type { FoundLibrary, LibraryCandidate } from './found-library.js';
import { whatIsMissing } from './manifest.js';
import { libraryFiles, suits, tensorflowVersion } from './wheels.js';

/** The library that DPO_LIBTENSORFLOW points at, as a folder or as a file in it. */
export async function inSetting(setting: string | undefined): Promise<LibraryCandidate | undefined> {
  if (!setting) return undefined;
  const path = resolve(setting);
  const entry = await stat(path).catch(() => undefined);
  const folder = entry?.isFile() ? dirname(path) : path;
  return candidate(folder, 'env', undefined, entry === undefined ? 'the path does not exist' : undefined);
}

/** The library that the toolkit installed. */
export async function inCache(folder: string, cuda: boolean): Promise<LibraryCandidate | undefined> {
  if ((await stat(folder).catch(() => undefined)) === undefined) return undefined;
  const damage = await whatIsMissing(folder);
  const unsuitable = damage && `the folder is damaged: ${damage}`;
  return { ...library(folder, 'cache', tensorflowVersion, cuda), unsuitable };
}

/** Prints the folder of TensorFlow without importing it, which would take seconds. The current folder is not searched. */
const pythonScript = `
import sys
sys.path[:] = [p for p in sys.path if p]
import importlib.metadata as metadata, importlib.util as util, json
spec = util.find_spec("tensorflow")
names = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-macos", "tensorflow-intel")
version = None
for name in names if spec else ():
    try:
        version = metadata.version(name)
        break
    except metadata.PackageNotFoundError:
        pass
places = list(spec.submodule_search_locations or []) if spec else []
print(json.dumps({"folder": places[0] if places else "", "version": version or ""}))
`;

/** The TensorFlow of a Python installation. */
export async function inPython(env: NodeJS.ProcessEnv): Promise<LibraryCandidate | undefined> {
  for (const python of process.platform === 'win32' ? ['python', 'python3'] : ['python3', 'python']) {
    const { folder, version } = await askPython(python, env);
    if (folder === undefined) continue;
    const place = process.platform === 'win32' ? join(folder, 'python') : folder;
    return candidate(place, 'python', version);
  }
  return undefined;
}

async function askPython(python: string, env: NodeJS.ProcessEnv): Promise<{ folder?: string; version?: string }> {
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', pythonScript], { timeout: 5000, env, cwd: tmpdir() });
    const answer: unknown = JSON.parse(stdout);
    if (typeof answer !== 'object' || answer === null) return {};
    const { folder, version } = answer as Record<string, unknown>;
    if (typeof folder !== 'string' || folder === '') return {};
    return typeof version === 'string' && version !== '' ? { folder, version } : { folder };
  } catch {
    // The Python is missing, or does not answer in time.
    return {};
  }
}

/** The library that tfjs-node's install script downloaded for an application. */
export async function inTfjsNode(from: string): Promise<LibraryCandidate | undefined> {
  for (const { folder: home } of findTfjsNode(from)) {
    const folder = join(home, 'deps', 'lib');
    const files = await readdir(folder).catch(() => []);
    if (files.length === 0) continue;
    const version = files.map((file) => /\.(\d+\.\d+\.\d+)(\.dylib)?$/.exec(file)?.[1]).find(Boolean);
    return candidate(folder, 'tfjs-node', version);
  }
  return undefined;
}

async function candidate(
  folder: string,
  source: FoundLibrary['source'],
  version: string | undefined,
  fault?: string,
): Promise<LibraryCandidate> {
  const unsuitable = fault ?? (suits(version) ? await whatIsMissing(folder) : `it is TensorFlow ${version}, not 2.21`);
  return { ...library(folder, source, version, await forCuda(folder)), unsuitable };
}

function library(
  folder: string,
  source: FoundLibrary['source'],
  version: string | undefined,
  cuda: boolean,
): FoundLibrary {
  return { folder, path: join(folder, libraryFiles().at(-1) ?? ''), source, version, cuda };
}

/**
 * Tells whether a library was built for CUDA, without loading it. A Python package has a file that says so. Of other copies the
 * size tells: TensorFlow's framework library for Linux has 65 MB without CUDA and 163 MB with CUDA.
 */
async function forCuda(folder: string): Promise<boolean> {
  for (const place of ['python', '.']) {
    const text = await readFile(join(folder, place, 'platform', 'build_info.py'), 'utf8').catch(() => undefined);
    const isCudaBuild = text && /is_cuda_build\W+(True|False)/.exec(text)?.[1];
    if (isCudaBuild) return isCudaBuild === 'True';
  }
  if (process.platform !== 'linux') return false;
  const framework = await stat(join(folder, libraryFiles()[0] ?? '')).catch(() => undefined);
  return (framework?.size ?? 0) > 110e6;
}
