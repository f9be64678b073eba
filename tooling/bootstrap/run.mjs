#!/usr/bin/env node
// What `npm run demo`, `npm test` and `npm run dpo` do: install what is missing, build what has changed, run the command.
// Plain Node without dependencies, as nothing is installed yet when it starts.
import { checkNode } from './node-version.mjs';
import { build, install } from './prepare.mjs';
import { runDpo, runTests } from './commands.mjs';
import { Failure, Interrupted } from './process.mjs';

const [command, ...args] = process.argv.slice(2);

try {
  checkNode();
  await install();
  if (command === 'test') process.exitCode = await runTests(args);
  else {
    await build();
    process.exitCode = await runDpo(command === 'demo' ? ['demo', ...args] : args);
  }
} catch (error) {
  if (error instanceof Interrupted) process.exitCode = 130;
  else if (error instanceof Failure) {
    process.stderr.write(`Error: ${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
