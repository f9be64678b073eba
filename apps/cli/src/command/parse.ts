import { DpoError, nearest } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { camel, checkTogether, type OptionInfo, optionsOf, USAGE } from '@dpo/run/command-line';
import type { z } from 'zod';
import type { Command } from './define.js';
import { otherWordFor } from './other-words.js';

/**
 * The command that the first words name, and the words after them.
 *
 * @throws DpoError `cli.usage` for unknown words, with the nearest command
 */
export function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } {
  const longest = [3, 2, 1].map((count) => words.slice(0, count).join(' '));
  const command = longest.map((words) => commands.find(({ name }) => name === words)).find(Boolean);
  if (command) return { command, rest: words.slice(command.name.split(' ').length) };
  const group = commands.filter(({ name }) => name.startsWith(`${words[0]} `)).map(({ name }) => name);
  if (group.length > 0)
    throw new DpoError(
      USAGE,
      `dpo ${words[0]} needs one of: ${group.map((name) => name.slice(name.indexOf(' ') + 1)).join(', ')}.`,
      {
        hint: `Run: dpo ${group[0]} --help`,
      },
    );
  const near = nearest(words[0] ?? '', new Set(commands.flatMap(({ name }) => [name, name.split(' ')[0] ?? name])));
  throw new DpoError(USAGE, `There is no command "${words[0]}".${near ? ` Did you mean "${near}"?` : ''}`, {
    hint: 'Run: dpo --help',
  });
}

/**
 * The options of a command from its arguments and, with `--config FILE`, from a JSON file, whose keys are the same words
 * in camelCase. The command line wins over the file.
 *
 * @throws DpoError `cli.usage` for options that are unknown, missing, malformed, or do not go together; `cli.bad-config` for a
 *   file that holds no JSON object; the codes of `asFileError`
 */
export async function parseOptions(command: Command, args: readonly string[]): Promise<Record<string, unknown>> {
  const options = optionsOf(command.options);
  const onCommandLine = parseArguments(command, options, args);
  const { config } = onCommandLine;
  const inFile = typeof config === 'string' ? await readConfig(config, options) : {};
  const preset = command.presets?.[String(onCommandLine.preset ?? inFile.preset)] ?? {};
  const explicit = { ...preset, ...inFile, ...onCommandLine };
  const values = { ...command.implied?.(explicit), ...explicit };
  const result = command.options.safeParse(values);
  if (!result.success) throw invalid(command, options, values, result.error);
  checkTogether(options, result.data, ({ flag }) => `--${flag}`);
  return result.data;
}

function parseArguments(
  command: Command,
  options: readonly OptionInfo[],
  args: readonly string[],
): Record<string, unknown> {
  const byFlag = new Map(options.map((option) => [option.flag, option]));
  const positional = [...(command.positional ?? [])];
  const values: Record<string, unknown> = {};
  let onlyArguments = false;
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as string;
    if (word === '--' && !onlyArguments) {
      if (command.passesOn !== undefined) return { ...values, [command.passesOn]: args.slice(i + 1) };
      // The words that follow are arguments, even when they begin with dashes.
      onlyArguments = true;
      continue;
    }
    if (onlyArguments || !word.startsWith('--')) {
      const key = positional[0];
      const list = options.some((option) => option.key === key && option.type === 'list');
      // A list is the last positional argument, and takes all words that remain.
      if (!list) positional.shift();
      if (key === undefined)
        throw new DpoError(USAGE, `dpo ${command.name}: "${word}" is one argument too many.`, { hint: help(command) });
      values[key] = list ? [...((values[key] as string[] | undefined) ?? []), word] : word;
      continue;
    }
    const equals = word.indexOf('=');
    const flag = word.slice(2, equals < 0 ? undefined : equals);
    const inline = equals < 0 ? undefined : word.slice(equals + 1);
    const option = byFlag.get(flag) ?? byFlag.get(flag.replace(/^no-/, ''));
    if (option === undefined) throw unknownOption(command, flag, [...byFlag.keys()]);
    const negated = !byFlag.has(flag);
    if (option.type === 'boolean') {
      values[option.key] = inline === undefined ? !negated : parseBoolean(option, inline);
      continue;
    }
    const next = args[i + 1];
    const value = inline ?? (next !== undefined && !(next.startsWith('--') && next.length > 2) ? args[++i] : undefined);
    if (negated || value === undefined)
      throw new DpoError(USAGE, `dpo ${command.name}: --${flag} needs a value.`, { hint: help(command) });
    values[option.key] = parseValue(command, option, value);
  }
  return values;
}

function parseBoolean(option: OptionInfo, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new DpoError(USAGE, `--${option.flag} is a switch: it takes no value but true or false, not "${text}".`);
}

function parseValue(command: Command, option: OptionInfo, text: string): unknown {
  if (option.type === 'list') return text.split(',').map((part) => part.trim());
  if (option.type === 'string') return text;
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number))
    throw new DpoError(USAGE, `dpo ${command.name}: --${option.flag} needs a number, not "${text}".`, {
      hint: help(command),
    });
  return number;
}

async function readConfig(path: string, options: readonly OptionInfo[]): Promise<Record<string, unknown>> {
  const text = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new DpoError('cli.bad-config', `${path} is not valid JSON: ${(cause as Error).message}.`, { cause });
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw new DpoError('cli.bad-config', `${path} must hold a JSON object with the options as keys.`);
  const keys = options.map(({ key }) => key);
  for (const key of Object.keys(config))
    if (!keys.includes(key)) {
      const near = nearest(camel(key), keys);
      throw new DpoError(USAGE, `${path}: unknown key "${key}".${near ? ` Did you mean "${near}"?` : ''}`);
    }
  return config as Record<string, unknown>;
}

function unknownOption(command: Command, flag: string, flags: readonly string[]): DpoError {
  const near = otherWordFor(flag, new Set(flags)) ?? nearest(flag, flags);
  return new DpoError(
    USAGE,
    `dpo ${command.name}: unknown option --${flag}.${near ? ` Did you mean --${near}?` : ''}`,
    { values: { option: `--${flag}`, nearest: near }, hint: help(command) },
  );
}

function invalid(
  command: Command,
  options: readonly OptionInfo[],
  values: Readonly<Record<string, unknown>>,
  error: z.ZodError,
): DpoError {
  const lines = error.issues.map((issue) => {
    const key = String(issue.path[0] ?? '');
    const option = options.find((candidate) => candidate.key === key);
    const place = command.positional?.includes(key) ? key.toUpperCase() : `--${option?.flag ?? key}`;
    const missing = issue.code === 'invalid_type' && issue.input === undefined && issue.message.includes('undefined');
    if (missing) return `${place} is missing`;
    const choices = issue.code === 'invalid_value' ? issue.values.map(String) : [];
    if (choices.length === 0) return `${place}: ${issue.message}`;
    const near = nearest(String(values[key]), choices);
    return `${place} knows no ${JSON.stringify(values[key])}: ${near ? `did you mean ${near}? There` : 'there'} are ${choices.join(', ')}`;
  });
  return new DpoError(USAGE, `dpo ${command.name}: ${lines.join('; ')}.`, { hint: help(command) });
}

function help(command: Command): string {
  return `Run: dpo ${command.name} --help`;
}
