// Every test on WebGPU: kernels, architectures, methods and optimizers against plain JavaScript. Takes long on a software adapter.
//
//   node tooling/webgpu/run.mjs [--again] [PIECE …]      pieces: kernels, models, training; models:gpt2 has the tests that name gpt2
//
// What passed is kept in node_modules/.cache, and the next run goes on with the rest, as long as the packages are the same. --again
// forgets what passed. Tests run on the software adapter that Debian's chromium brings, or on the one that VK_ICD_FILENAMES names.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({ options: { again: { type: 'boolean' } }, allowPositionals: true });

const testsOf = (folder) =>
  readdirSync(`${root}${folder}`)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`);
const pieces = {
  kernels: [
    ...testsOf('packages/engine/src/webgpu'),
    ...testsOf('packages/engine/src/portable'),
    'packages/engine/src/recompute.test.ts',
    'packages/engine/src/stateless-uniform.test.ts',
    'packages/models/src/blocks/shaders.test.ts',
  ],
  models: ['packages/models/src/model/webgpu.test.ts'],
  training: ['packages/core/src/webgpu.test.ts'],
};

const git = (...args) => {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: root, maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
  return stdout;
};
/** Changes with any file of the packages, committed or not. */
const version = createHash('sha256')
  .update(git('rev-parse', 'HEAD:packages'))
  .update(git('diff', 'HEAD', '--', 'packages'))
  .digest('hex')
  .slice(0, 16);
const cache = `${root}node_modules/.cache`;
mkdirSync(cache, { recursive: true });
const results = `${cache}/dpo-webgpu-${version}.jsonl`;

/** The names of the tests of a file that passed. */
function passed(file) {
  const lines = existsSync(results) ? readFileSync(results, 'utf8').split('\n').filter(Boolean) : [];
  const tests = lines.map((line) => JSON.parse(line)).filter((result) => result.file === file);
  return [...new Set(tests.map(({ test }) => test))];
}

const literally = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
if (values.again) rmSync(results, { force: true });
let failed = false;
for (const piece of positionals.length > 0 ? positionals : Object.keys(pieces)) {
  const [name, words = ''] = piece.split(/:(.*)/s);
  const files = pieces[name];
  if (files === undefined) throw new Error(`No piece ${name}. Pieces: ${Object.keys(pieces).join(', ')}.`);
  for (const file of files) {
    const done = passed(file).map((test) => `${literally(test)}$`);
    const left = done.length === 0 ? '' : `(?!${done.join('|')})`;
    const options = ['--maxWorkers=1', '--testTimeout=3600000', '--reporter=default'];
    options.push(`--reporter=${root}tooling/webgpu/reporter.mjs`, `--testNamePattern=^${left}.*${literally(words)}`);
    const { status } = spawnSync(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, 'run', file, ...options], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, DPO_TEST_WEBGPU: 'all', DPO_TEST_RESULTS: results },
    });
    failed ||= status !== 0;
  }
}
for (const [name, files] of Object.entries(pieces)) {
  const count = files.reduce((sum, file) => sum + passed(file).length, 0);
  process.stdout.write(`${name}: ${count} tests passed\n`);
}
process.exitCode = failed ? 1 : 0;
