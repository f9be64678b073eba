import { type OptionInfo, optionsOf } from '@dpo/run/command-line';
import type { Command } from './define.js';

/** The page that `dpo --help` prints. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'dpo: train a language model on human preferences by Direct Preference Optimization.',
    '',
    'Usage: dpo COMMAND [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'dpo COMMAND --help says more about a command.',
  ].join('\n');
}

/** The page that `dpo COMMAND --help` prints, made from the command's schema. */
export function helpPage(command: Command): string {
  const options = optionsOf(command.options);
  const positional = command.positional ?? [];
  const usage = ['dpo', command.name, ...positional.map((key) => argument(options, key)), '[options]'].join(' ');
  const rows = options.filter(({ key }) => !positional.includes(key)).map((option) => [flagOf(option), textOf(option)]);
  const width = Math.min(34, Math.max(0, ...rows.map(([flag]) => (flag as string).length)));
  return [
    command.summary,
    '',
    `Usage: ${usage}`,
    '',
    ...rows.map(([flag, text]) =>
      (flag as string).length > width
        ? `  ${flag}\n  ${' '.repeat(width)}  ${text}`
        : `  ${flag?.padEnd(width)}  ${text}`,
    ),
    ...(command.details ? ['', command.details] : []),
  ].join('\n');
}

function argument(options: readonly OptionInfo[], key: string): string {
  const option = options.find((candidate) => candidate.key === key);
  const name = `${key.toUpperCase()}${option?.type === 'list' ? '…' : ''}`;
  return option?.required ? name : `[${name}]`;
}

function flagOf(option: OptionInfo): string {
  if (option.type === 'boolean') return option.default === true ? `--[no-]${option.flag}` : `--${option.flag}`;
  const value = option.choices?.join('|') ?? { string: 'TEXT', number: 'N', list: 'A,B' }[option.type];
  return `--${option.flag} ${value}`;
}

function textOf(option: OptionInfo): string {
  const { default: value } = option;
  const fallback = value === undefined || value === false ? '' : ` [${value === true ? 'on' : String(value)}]`;
  return `${option.description}${option.required ? ' (required)' : fallback}`;
}
