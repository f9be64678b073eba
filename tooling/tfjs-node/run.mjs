// The tests of the engine on tfjs-node, for real: fetches the package, compiles its native binding against an installed libtensorflow,
// and compares kernels, architectures and trainings with plain JavaScript.
//
//   node tooling/tfjs-node/run.mjs [--headers FOLDER] [--into FOLDER] [FILE …]
//
// Needs Linux, g++, Node's headers, and libtensorflow (`npm run dpo -- engine install`). The package's install script, which downloads
// an old TensorFlow, does not run. `--headers` is the `include` folder of a Python TensorFlow 2.21; without the option the headers come
// out of TensorFlow's wheel, by pip (274 MB). `--into` keeps the compiled package for the next run; without the option a temporary
// folder is removed at the end.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const PACKAGE = '@tensorflow/tfjs-node-gpu';
const VERSION = '4.22.0';
const WHEEL = [
  'tensorflow-cpu==2.21.0',
  '--platform',
  'manylinux_2_27_x86_64',
  '--python-version',
  '3.12',
  '--abi',
  'cp312',
];

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({
  options: { headers: { type: 'string' }, into: { type: 'string' } },
  allowPositionals: true,
});
const tests = [
  'packages/engine/src/tfjs-node',
  'packages/engine/src/portable',
  'packages/engine/src/stateless-uniform.test.ts',
  'packages/models/src/model/tfjs-node.test.ts',
  'packages/core/src/tfjs-node.test.ts',
];

/** The folder of libtensorflow: DPO_LIBTENSORFLOW, else the cache. */
function libraryFolder() {
  const cache = join(process.env.XDG_CACHE_HOME || join(process.env.HOME ?? '', '.cache'), 'dpo');
  const folder = process.env.DPO_LIBTENSORFLOW || join(cache, 'libtensorflow-2.21.0');
  if (existsSync(join(folder, 'libtensorflow_cc.so.2'))) return folder;
  throw new Error(`No libtensorflow in ${folder}. Run: npm run dpo -- engine install`);
}

/** Node's own headers: beside Node, or where a Linux distribution puts them. */
function nodeHeaders() {
  const places = [join(dirname(dirname(process.execPath)), 'include', 'node'), '/usr/include/node'];
  const folder = places.find((place) => existsSync(join(place, 'node_api.h')));
  if (folder !== undefined) return folder;
  // koffi brings the headers of Node's native interface.
  const engine = createRequire(join(root, 'packages/engine/package.json'));
  return join(dirname(engine.resolve('koffi/package.json')), 'vendor', 'node-api-headers', 'include');
}

/** TensorFlow's headers, out of its wheel. */
function headersOfWheel(folder) {
  const include = join(folder, 'headers', 'tensorflow', 'include');
  if (existsSync(include)) return include;
  const wheels = join(folder, 'wheel');
  const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--implementation', 'cp', '-d', wheels];
  execFileSync('python3', [...pip, ...WHEEL], { stdio: 'inherit' });
  const wheel = join(wheels, readdirSync(wheels).find((name) => name.endsWith('.whl')) ?? '');
  const unpack = `
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
parts = ('tensorflow/include/tensorflow/', 'tensorflow/include/xla/tsl/', 'tensorflow/include/tsl/', 'tensorflow/include/absl/')
archive.extractall(sys.argv[2], [name for name in archive.namelist() if name.startswith(parts) and name.endswith('.h')])
`;
  execFileSync('python3', ['-c', unpack, wheel, join(folder, 'headers')], { stdio: 'inherit' });
  rmSync(wheels, { recursive: true });
  return include;
}

/** Installs the package without its install script, and compiles its binding. Returns the project's folder. */
function build(folder) {
  const home = join(folder, 'node_modules', PACKAGE);
  const binding = join(home, 'lib', 'napi-v8', 'tfjs_binding.node');
  if (existsSync(binding)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  execFileSync('npm', ['install', `${PACKAGE}@${VERSION}`, '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
  });
  const library = libraryFolder();
  const headers = values.headers === undefined ? headersOfWheel(folder) : resolve(values.headers);
  mkdirSync(dirname(binding), { recursive: true });
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(home, 'binding', name));
  const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map((name) => join(library, name));
  const flags = ['-O2', '-shared', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8', `-Wl,-rpath,${library}`];
  const includes = [nodeHeaders(), headers, home].map((place) => `-I${place}`);
  process.stdout.write(`Compiling ${basename(binding)} …\n`);
  execFileSync('g++', [...flags, ...includes, ...sources, ...libraries, '-o', binding], { stdio: 'inherit' });
}

const folder = values.into === undefined ? mkdtempSync(join(tmpdir(), 'dpo-tfjs-node-')) : resolve(values.into);
try {
  build(folder);
  const chosen = positionals.length > 0 ? positionals : tests;
  const { status } = spawnSync('npx', ['vitest', 'run', ...chosen, '--maxWorkers=1', '--testTimeout=600000'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, DPO_TEST_TFJS_NODE: folder },
  });
  process.exitCode = status ?? 1;
} finally {
  if (values.into === undefined) rmSync(folder, { recursive: true, force: true });
}
