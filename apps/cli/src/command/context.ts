import { createInterface } from 'node:readline/promises';
import { redact, shortened, visible } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { programTyped } from './as-typed.js';
import type { BareContext } from './define.js';
import { firstSignal } from './signals.js';

/** The longest note, in characters. No note of ours is longer; a longer text comes from a file. */
const LONGEST_NOTE = 10_000;

/**
 * The context of a command in a process: results go to standard output, the rest to standard error. Secrets are taken out of
 * notes and progress. Control characters, which may come from files, are shown as text, so that they cannot steer a terminal.
 */
export function processContext(): BareContext {
  const interactive = process.stderr.isTTY === true;
  let open = false; // whether the terminal's current line is a progress line
  let last = 0;

  const endLine = () => {
    if (open) process.stderr.write('\n');
    open = false;
  };
  const signal = firstSignal(endLine);
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
            // The terminal hands Ctrl-C to the question: pass it on as the signal.
            terminal.on('SIGINT', () => process.emit('SIGINT'));
            try {
              return await terminal.question(question, { signal });
            } finally {
              terminal.close();
            }
          },
        }
      : {}),
    signal,
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
