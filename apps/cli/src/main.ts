#!/usr/bin/env node
import { processContext } from './command/context.js';
import { runCommand } from './command/run.js';
import { commands } from './commands/index.js';
import { version } from './session/versions.js';

process.exitCode = await runCommand(commands, process.argv.slice(2), processContext(), version);
