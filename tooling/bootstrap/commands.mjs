import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, root } from './prepare.mjs';
import { run } from './process.mjs';

const cli = join(root, 'apps', 'cli', 'dist', 'main.js');

/** Runs the command line. */
export async function runDpo(args) {
  // npm runs scripts in the repository; paths that the user names are meant from where they are.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  const { code } = await run(process.execPath, [cli, ...args], { cwd });
  return code;
}

/** Runs the tests: all of them, or those that vitest's arguments pick. */
export async function runTests(args) {
  await build();
  // The engine's tests need its library. Where it cannot be had they are left out, which vitest says.
  await run(process.execPath, [cli, 'engine', 'install', '--if-missing']);
  const scratch = mkdtempSync(join(tmpdir(), 'dpo-test-'));
  const report = join(scratch, 'report.json');
  try {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { code } = await run(process.execPath, [vitest, 'run', ...reporters, ...args], { cwd: root });
    const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = readReport(report);
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    // A suite that does not even load has no tests to count, but has failed.
    const failed = numFailedTests === 0 && code !== 0 ? 1 : numFailedTests;
    process.stdout.write(`${numPassedTests} passed, ${failed} failed${skipped}\n`);
    return code;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}
