import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { clusterOf } from '@dpo/run';
import { holdOutputs, USAGE } from '@dpo/run/command-line';
import { asTyped } from './as-typed.js';
import type { BareContext, Command } from './define.js';
import { stoppable } from './end-soon.js';
import { helpPage, overview } from './help.js';
import { isInterruption } from './interrupted.js';
import { findCommand, parseOptions } from './parse.js';

/** Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted after saving. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * Runs the command that `args` name and returns the exit code. Errors become one clear message on standard error;
 * only a defect of ours shows a stack. Help, notes and errors name commands and options as the user types them.
 */
export async function runCommand(
  commands: readonly Command[],
  args: readonly string[],
  context: BareContext,
  version: string,
): Promise<number> {
  const names = new Set(commands.map(({ name }) => name.split(' ')[0] ?? name));
  const typed = (text: string, command?: Command) => asTyped(text, context.program, names, command);
  let command: Command | undefined;
  let whenInterrupted = () => 'Interrupted.';
  try {
    if (args.length === 0 || isHelp(args[0]) || (args[0] === 'help' && args.length === 1)) {
      context.out(typed(overview(commands)));
      return args.length === 0 ? EXIT.usage : EXIT.done;
    }
    if (args[0] === '--version') {
      context.out(version);
      return EXIT.done;
    }
    const { command: match, rest } = findCommand(commands, args[0] === 'help' ? args.slice(1) : args);
    command = match;
    if (args[0] === 'help' || rest.some(isHelp)) {
      context.out(typed(helpPage(command)));
      return EXIT.done;
    }
    const { finishing, result } = stoppable(context.signal);
    const options = await parseOptions(command, rest);
    const cluster = command.sharesWork ? clusterOf(process.env.TF_CONFIG) : undefined;
    const leads = (cluster?.rank ?? 0) === 0;
    const commandContext = {
      ...{ ...context, finishing, cluster },
      note: (line: string) => context.note(typed(line, command)),
      out: leads ? context.out : () => undefined,
    };
    if (command.whenInterrupted !== undefined) whenInterrupted = command.whenInterrupted.bind(command, options);
    const outputs = command.guardsOutputs || !leads ? undefined : await result(holdOutputs(command, options));
    try {
      return (await result(command.run(options, commandContext))) ?? EXIT.done;
    } finally {
      await outputs?.release();
    }
  } catch (error) {
    return report(error, { ...context, note: (line) => context.note(typed(line, command)) }, whenInterrupted);
  }
}

function isHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h';
}

function report(cause: unknown, context: BareContext, whenInterrupted: () => string): number {
  const error = withCode(cause);
  if (isInterruption(error, context.signal) || (context.signal.aborted && !DpoError.is(error))) {
    context.note(whenInterrupted());
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

/** Gives an error of the system a code of ours: a user or a disk caused such an error, not a defect. */
function withCode(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  return asFileError(error, 'path' in error ? String(error.path) : `The file of ${String(error.syscall)}`);
}
