#!/usr/bin/env node
import { removeUnfinished } from '@dpo/base/files';
import { exitNow } from '@dpo/engine';
import { processContext } from './command/context.js';
import { EXIT, runCommand } from './command/run.js';
import { runApart, runsApart } from './command/run-apart.js';
import { commands } from './commands/index.js';
import { version } from './session/versions.js';

const args = process.argv.slice(2);
const context = processContext();
process.exitCode = runsApart(args)
  ? await runApart(args, context, new URL('./command-thread.js', import.meta.url))
  : await runCommand(commands, args, context, version);
// Work that an interrupted command has left running ends with the process.
if (process.exitCode === EXIT.interrupted) {
  removeUnfinished();
  exitNow(EXIT.interrupted);
}
