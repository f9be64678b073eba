import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, cli } from './build.mjs';
import { runInForeground } from './process.mjs';
import { root, say } from './root.mjs';

/** The exit code after Ctrl-C. */
const INTERRUPTED = 130;

/** Runs the tests: all of them, or those that vitest's arguments pick. Ends with the line "N passed, N failed". */
export async function runTests(args) {
  await build();
  // Without libtensorflow the tests that need it are left out, and vitest says so.
  const code = await runInForeground(process.execPath, [cli, 'engine', 'install', '--if-missing']);
  if (code === INTERRUPTED) return code;
  if (code !== 0) say('The tests go on without TensorFlow, on the portable engine.');
  const scratch = mkdtempSync(join(tmpdir(), 'dpo-test-'));
  try {
    return await runVitest(args, join(scratch, 'counts.json'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function runVitest(args, counts) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', `--reporter=${join(root, 'tooling', 'vitest', 'count-tests.mjs')}`];
  const options = { cwd: root, env: { DPO_TEST_COUNTS: counts } };
  const code = await runInForeground(process.execPath, [vitest, 'run', ...reporters, ...args], options);
  if (code === INTERRUPTED) return code;
  const { passed, failed, skipped } = readCounts(counts);
  if (skipped > 0) process.stdout.write(`${skipped} left out: not chosen, or in need of what this machine lacks\n`);
  process.stdout.write(`${passed} passed, ${failed === 0 && code !== 0 ? 1 : failed} failed\n`);
  return code;
}

function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }; // vitest ended before it wrote the counts.
  }
}
