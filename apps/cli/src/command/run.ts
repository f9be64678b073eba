import { DpoError } from '@dpo/base';
import type { Command, Context } from './define.js';
import { helpPage, overview } from './help.js';
import { findCommand, parseOptions, USAGE } from './parse.js';

/** Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted after saving. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * Runs the command that `args` name and returns the exit code. Errors become one clear message on standard error;
 * only a defect of ours shows a stack.
 */
export async function runCommand(
  commands: readonly Command[],
  args: readonly string[],
  context: Context,
  version: string,
): Promise<number> {
  try {
    if (args.length === 0 || args[0] === '--help' || args[0] === 'help') {
      context.out(overview(commands));
      return args.length === 0 ? EXIT.usage : EXIT.done;
    }
    if (args[0] === '--version') {
      context.out(version);
      return EXIT.done;
    }
    const { command, rest } = findCommand(commands, args);
    if (rest.includes('--help')) {
      context.out(helpPage(command));
      return EXIT.done;
    }
    return (await command.run(await parseOptions(command, rest), context)) ?? EXIT.done;
  } catch (error) {
    return report(error, context);
  }
}

function report(error: unknown, context: Context): number {
  if (context.signal.aborted && !DpoError.is(error)) {
    context.note('Interrupted.');
    return EXIT.interrupted;
  }
  if (DpoError.is(error)) {
    context.note(`Error: ${error.message}`);
    if (error.hint) context.note(`  ${error.hint}`);
    if (process.env.DPO_DEBUG) context.note(error.stack ?? '');
    if (error.code === USAGE) return EXIT.usage;
    return error.code === 'cli.interrupted' ? EXIT.interrupted : EXIT.failed;
  }
  context.note(`Error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  context.note('  This is a defect of dpo: please report it with the lines above.');
  return EXIT.failed;
}
