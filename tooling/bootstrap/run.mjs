#!/usr/bin/env node
// `npm run demo`, `npm test`, `npm run dpo` and `npm run web`: installs missing dependencies, builds after changes, runs the command. Plain Node
// without dependencies, since none is installed at the start.

import { build } from './build.mjs';
import { changesPackages, runBench, runDpo, runPnpm, runWeb } from './commands.mjs';
import { install } from './install.mjs';
import { checkNode } from './node-version.mjs';
import { Failure, Interrupted } from './process.mjs';
import { runTests } from './tests.mjs';

const usage = 'Usage: node tooling/bootstrap/run.mjs demo|test|dpo|web|bench|pnpm [arguments]';

const commands = {
  demo: async (args) => {
    await build();
    return runDpo(['demo', ...args]);
  },
  dpo: async (args) => {
    await build();
    return runDpo(args);
  },
  test: runTests,
  web: runWeb,
  bench: runBench,
  pnpm: runPnpm,
};

/** Runs the command that the arguments name. Returns the exit code. */
async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  try {
    checkNode();
    // When pnpm is to change the dependencies, the lockfile is out of date until pnpm has run.
    if (name !== 'pnpm' || !changesPackages(args)) await install();
    return await command(args);
  } catch (error) {
    if (error instanceof Interrupted) return 130;
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`Error: ${error.message}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
