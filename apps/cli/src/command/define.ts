import type { z } from 'zod';

/** What a command is run with besides its options. */
export interface Context {
  /** Results: standard output. */
  readonly out: (line: string) => void;
  /** Progress and notes: standard error. */
  readonly note: (line: string) => void;
  /** Rewrites the current line of a terminal; without one it prints a plain line now and then. */
  readonly progress: (line: string) => void;
  /** Whether standard error is a terminal. */
  readonly interactive: boolean;
  /** Puts a question to the user and resolves to the line that is typed; absent where nobody sits at a terminal. */
  readonly ask?: (question: string) => Promise<string>;
  /** The words that start the program, as its user types them: `dpo`, `npx dpo`, `npm run dpo --`. */
  readonly program: string;
  /**
   * Fires at the first Ctrl-C, SIGTERM or SIGHUP. A command that has not ended some moments later is left where it is, with the
   * exit code of an interruption.
   */
  readonly signal: AbortSignal;
  /** Does a part of the work that is not left so: the training step in progress and the checkpoint after it. */
  readonly finishing: <T>(part: () => Promise<T>) => Promise<T>;
}

/** What a process gives of it. */
export type BareContext = Omit<Context, 'finishing'>;

/** One command: its words, its options as a schema, and what it does. */
export interface Command<Schema extends z.ZodObject = z.ZodObject> {
  /** The words that name it, such as `data convert`. */
  readonly name: string;
  readonly summary: string;
  /** Longer text and examples for `--help`. */
  readonly details?: string;
  /** Names of positional arguments, which are keys of the schema too. */
  readonly positional?: readonly string[];
  /** The key of a list that takes all words after `--` as they are: another command. */
  readonly passesOn?: string;
  /** The options: camelCase keys, each with a description. The same schema checks configuration files and writes `--help`. */
  readonly options: Schema;
  /** Named sets of options, chosen by the option `preset`. A configuration file and the command line overrule them. */
  readonly presets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Does the work. Returns the exit code, 0 where nothing is returned. */
  readonly run: (options: z.output<Schema>, context: Context) => Promise<number | undefined>;
  /** Whether `run` guards the outputs by itself; else they are guarded before it is called. */
  readonly guardsOutputs?: boolean;
  /** What to say where the command is interrupted and says nothing itself. [Interrupted.] */
  readonly whenInterrupted?: (options: z.output<Schema>) => string;
}

/** Keeps the link between a command's schema and the options that its `run` gets. */
export function defineCommand<Schema extends z.ZodObject>(command: Command<Schema>): Command {
  return command as unknown as Command;
}
