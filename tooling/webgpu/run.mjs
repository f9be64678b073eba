// Every test on WebGPU: kernels, architectures, methods and optimizers against plain JavaScript. Takes long on a software adapter.
//
//   node tooling/webgpu/run.mjs [FILE …]
//
// Tests run on the software adapter that Debian's chromium brings, or on the one that VK_ICD_FILENAMES names.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const files = [
  'packages/engine/src/webgpu',
  'packages/engine/src/portable',
  'packages/engine/src/recompute.test.ts',
  'packages/engine/src/stateless-uniform.test.ts',
  'packages/models/src/model/webgpu.test.ts',
  'packages/core/src/webgpu.test.ts',
];
const chosen = process.argv.length > 2 ? process.argv.slice(2) : files;
const { status } = spawnSync('npx', ['vitest', 'run', ...chosen, '--maxWorkers=1', '--testTimeout=600000'], {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, DPO_TEST_WEBGPU: 'all' },
});
process.exitCode = status ?? 1;
