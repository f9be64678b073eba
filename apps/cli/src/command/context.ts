import { createInterface } from 'node:readline/promises';
import { redact, shortened, visible } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { programTyped } from './as-typed.js';
import type { Context } from './define.js';

/** More than any list of ours; what is longer is a file's. */
const LONGEST_NOTE = 10_000;

/**
 * The context of a command in a process: results to standard output, the rest to standard error, the first Ctrl-C or
 * SIGTERM to the signal. A second one ends the process at once. Notes and progress hold no secrets. Nothing that is written
 * makes a terminal do anything: what files hold may stand in all of it.
 */
export function processContext(): Context {
  const interactive = process.stderr.isTTY === true;
  const controller = new AbortController();
  let open = false; // whether the terminal's current line is a progress line
  let last = 0;

  const endLine = () => {
    if (open) process.stderr.write('\n');
    open = false;
  };
  let interrupted = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) {
        // npm passes on what the whole process group got already: within a second it is the same Ctrl-C.
        if (Date.now() - interrupted > 1000) process.exit(130);
        return;
      }
      interrupted = Date.now();
      controller.abort();
    });
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that closes the pipe early (| head) is no failure.
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`Error: ${(asFileError(error, 'Standard output') as Error).message}\n`);
    process.exit(1);
  });

  return {
    interactive,
    program: programTyped(process.env),
    ...(interactive && process.stdin.isTTY === true
      ? {
          ask: async (question: string) => {
            endLine();
            const terminal = createInterface({ input: process.stdin, output: process.stderr });
            // The terminal hands Ctrl-C to the question; here it means what it means everywhere.
            terminal.on('SIGINT', () => process.emit('SIGINT'));
            try {
              return await terminal.question(question, { signal: controller.signal });
            } finally {
              terminal.close();
            }
          },
        }
      : {}),
    signal: controller.signal,
    out: (line) => {
      endLine();
      process.stdout.write(`${visible(line)}\n`);
    },
    note: (line) => {
      endLine();
      process.stderr.write(`${shortened(visible(redact(line)), LONGEST_NOTE)}\n`);
    },
    progress: (text) => {
      const line = visible(redact(text)).replace(/\s+/g, ' ');
      if (interactive) {
        const width = Math.max(20, (process.stderr.columns ?? 80) - 1);
        process.stderr.write(`\r\x1b[2K${line.slice(0, width)}`);
        open = true;
      } else if (Date.now() - last > 5000) {
        last = Date.now();
        process.stderr.write(`${line}\n`);
      }
    },
  };
}
