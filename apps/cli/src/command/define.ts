import type { Cluster } from '@dpo/engine';
import type { z } from 'zod';

/** How a command reports what it does, and how a user ends it. */
export interface Context {
  /** Writes a line of results to standard output. */
  readonly out: (line: string) => void;
  /** Writes a line that stays to standard error. */
  readonly note: (line: string) => void;
  /** Rewrites the current line of a terminal. Without a terminal a plain line is printed now and then. */
  readonly progress: (line: string) => void;
  /** Whether standard error is a terminal. */
  readonly interactive: boolean;
  /** Puts a question to the user and resolves to the line that the user types. Absent without a terminal. */
  readonly ask?: (question: string) => Promise<string>;
  /** The words that start the program, as its user types them: `dpo`, `npx dpo`, `npm run dpo --`. */
  readonly program: string;
  /**
   * Fires at the first Ctrl-C, SIGTERM or SIGHUP. When the command has not ended some moments later, the process ends with the
   * exit code of an interruption.
   */
  readonly signal: AbortSignal;
  /** Does work that an interruption must not cut in two: the training step in progress and the checkpoint after it. */
  readonly finishing: <T>(part: () => Promise<T>) => Promise<T>;
  /** The workers that share the command's work, from `TF_CONFIG`. Undefined for one worker, and for commands that are not shared. */
  readonly cluster?: Cluster | undefined;
}

/** The context that a process provides; `runCommand` adds the rest. */
export type BareContext = Omit<Context, 'finishing' | 'cluster'>;

/** A command: its words, its options as a schema, and its work. */
export interface Command<Schema extends z.ZodObject = z.ZodObject> {
  /** The words that name the command, such as `data convert`. */
  readonly name: string;
  /** A line for `dpo --help`. */
  readonly summary: string;
  /** Longer text and examples for `--help`. */
  readonly details?: string;
  /** Keys of the options that are positional arguments, in their order. */
  readonly positional?: readonly string[];
  /** The key of a list that takes all words after `--` unchanged: another command. */
  readonly passesOn?: string;
  /** The options: camelCase keys, each with a description. The same schema checks configuration files and writes `--help`. */
  readonly options: Schema;
  /** Sets of options by name, chosen by the option `preset`. A configuration file and the command line overrule them. */
  readonly presets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Options that others imply, where neither the command line nor a file gives them. */
  readonly implied?: (values: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** Does the work. Returns the exit code; undefined counts as 0. */
  readonly run: (options: z.output<Schema>, context: Context) => Promise<number | undefined>;
  /** Whether `run` guards the outputs itself. Default: `runCommand` guards them before it calls `run`. */
  readonly guardsOutputs?: boolean;
  /**
   * Whether several workers can share the command's work. The outputs of all workers but the first are not guarded, and their results
   * are not printed. Default false.
   */
  readonly sharesWork?: boolean;
  /** The note when the command is interrupted and writes none itself. Default: `Interrupted.` */
  readonly whenInterrupted?: (options: z.output<Schema>) => string;
}

/** Keeps the link between a command's schema and the options that its `run` gets. */
export function defineCommand<Schema extends z.ZodObject>(command: Command<Schema>): Command {
  return command as unknown as Command;
}
