import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { cli } from './commands.mjs';
import { runInForeground } from './process.mjs';
import { root, say } from './root.mjs';

const interrupted = 130;

/** Runs the tests: all of them, or those that vitest's arguments pick. Ends with the line "N passed, N failed". */
export async function runTests(args) {
  await build();
  // Where libtensorflow cannot be had, the tests that need it are left out, and vitest says so.
  const code = await runInForeground(process.execPath, [cli, 'engine', 'install', '--if-missing']);
  if (code === interrupted) return code;
  if (code !== 0) say('The tests go on without TensorFlow, on the portable engine.');
  const scratch = mkdtempSync(join(tmpdir(), 'dpo-test-'));
  try {
    return await runVitest(args, join(scratch, 'report.json'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function runVitest(args, report) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await runInForeground(process.execPath, [vitest, 'run', ...reporters, ...args], { cwd: root });
  if (code === interrupted) return code;
  const { passed, failed, skipped } = countTests(report, code);
  if (skipped > 0) process.stdout.write(`${skipped} left out, as this machine lacks what they need\n`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return code;
}

function countTests(path, code) {
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = readReport(path);
  // A file that does not even load has no tests to count, but has failed.
  const failed = numFailedTests === 0 && code !== 0 ? 1 : numFailedTests;
  return { passed: numPassedTests, failed, skipped: numPendingTests };
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}
