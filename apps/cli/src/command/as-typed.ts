import { optionsOf } from '@dpo/run/command-line';
import type { Command } from './define.js';

/**
 * The words that start this program, as the user types them: `npm run dpo --` in a clone, `npx dpo` under npm, `pnpm exec dpo`
 * under pnpm, else `dpo`.
 *
 * @param environment the clone's start script sets DPO_PROGRAM; npm sets npm_command and npm_lifecycle_event; pnpm sets
 *   npm_config_user_agent without npm_command
 */
export function programTyped(environment: Readonly<Record<string, string | undefined>>): string {
  const { DPO_PROGRAM, npm_command, npm_config_user_agent } = environment;
  if (DPO_PROGRAM !== undefined && DPO_PROGRAM !== '') return DPO_PROGRAM;
  if (npm_command !== undefined) return 'npx dpo';
  return npm_config_user_agent?.startsWith('pnpm/') ? 'pnpm exec dpo' : 'dpo';
}

/**
 * A message in the words of the command line. `dpo train …` becomes the words that the user types, and options of the command,
 * which libraries name by their keys, get their flags (`maxLength` becomes `--max-length`).
 *
 * @param names the first words of all commands, such as `train` and `data`
 */
export function asTyped(text: string, program: string, names: Iterable<string>, command?: Command): string {
  const words = [...names, 'COMMAND', '--help'].join('|');
  const commands = new RegExp(`(?<![\\w@/.-])dpo (?=(?:${words})(?![\\w-]))`, 'g');
  return withFlags(text.replace(commands, `${program} `), command);
}

function withFlags(text: string, command: Command | undefined): string {
  if (command === undefined) return text;
  // Keys that are English words too, such as `data`, stay as they are.
  const keys = optionsOf(command.options).filter(({ key }) => /[A-Z]/.test(key));
  if (keys.length === 0) return text;
  const flags = new Map(keys.map(({ key, flag }) => [key, flag]));
  const pattern = new RegExp(`(?<![\\w."'-])(?:${[...flags.keys()].join('|')})(?![\\w"'(])`, 'g');
  return text.replace(pattern, (key) => `--${flags.get(key)}`);
}
