import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '@dpo/engine';

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));

/**
 * The path of a Python with the peers: the one that DPO_BENCH_PYTHON names, else a virtual environment in the cache, made at the
 * first call. pip's settings say where packages come from. The CPU build of torch is enough.
 */
export function peerPython(say) {
  const path = process.env.DPO_BENCH_PYTHON;
  if (path !== undefined) return path;
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(cacheFolder(), `bench-python-${digest}`);
  if (!existsSync(join(folder, 'complete'))) {
    say('Setting up torch and TRL in the cache (200 MB to 3 GB to download, by platform, once) …');
    setUp(folder);
  }
  return pythonIn(folder);
}

function setUp(folder) {
  // An unfinished environment of an interrupted run is made anew. The environment's scripts hold the folder's name, so it cannot
  // be made elsewhere and renamed.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const base = process.platform === 'win32' ? 'python' : 'python3';
  runOrThrow(base, ['-m', 'venv', folder]);
  runOrThrow(pythonIn(folder), ['-m', 'pip', 'install', '--disable-pip-version-check', '-qq', '-r', requirements]);
  writeFileSync(join(folder, 'complete.new'), '');
  renameSync(join(folder, 'complete.new'), join(folder, 'complete'));
}

function pythonIn(folder) {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

function runOrThrow(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) throw new Error(`${program} cannot be started: ${error.message}`);
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} failed. DPO_BENCH_PYTHON may name a Python that has torch and trl.`);
}
