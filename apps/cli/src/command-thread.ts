import { parentPort, workerData } from 'node:worker_threads';
import { watchUnfinished } from '@dpo/base/files';
import { runCommand } from './command/run.js';
import type { FromThread } from './command/run-apart.js';
import { commands } from './commands/index.js';
import { version } from './session/versions.js';

// The thread of a command, which `runApart` starts. The command's lines go to the program, the program's signal comes here.

const { args, interactive, program } = workerData as {
  readonly args: readonly string[];
  readonly interactive: boolean;
  readonly program: string;
};
const tell = (message: FromThread) => parentPort?.postMessage(message);
const controller = new AbortController();
parentPort?.on('message', () => controller.abort());
watchUnfinished((path) => tell({ kind: 'unfinished', path }));
const code = await runCommand(
  commands,
  args,
  {
    interactive,
    program,
    signal: controller.signal,
    out: (line) => tell({ kind: 'out', line }),
    note: (line) => tell({ kind: 'note', line }),
    progress: (line) => tell({ kind: 'progress', line }),
  },
  version,
);
tell({ kind: 'ended', code });
