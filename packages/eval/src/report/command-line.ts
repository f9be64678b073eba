/** Options that say where results go or how loud they are: they decide nothing. */
const ELSEWHERE: ReadonlySet<string> = new Set(['json', 'resume', 'resumeFrom', 'overwrite', 'config']);

/**
 * The command that a run's `config.json` describes, with its options in full, to be given again in a POSIX shell. Undefined where
 * the file names no command or no options.
 */
export function commandLine(config: Readonly<Record<string, unknown>>): string | undefined {
  const { command, options } = config;
  if (typeof command !== 'string' || typeof options !== 'object' || options === null) return undefined;
  const words = Object.entries(options as Readonly<Record<string, unknown>>).flatMap(([key, value]) =>
    ELSEWHERE.has(key) ? [] : optionWords(key, value),
  );
  return ['dpo', command, ...words].join(' ');
}

function optionWords(key: string, value: unknown): string[] {
  const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`];
  if (Array.isArray(value)) return value.length === 0 ? [] : [`--${flag} ${quoted(value.map(String).join(','))}`];
  if (typeof value !== 'string' && typeof value !== 'number') return [];
  const word = quoted(String(value));
  return [String(value).startsWith('-') ? `--${flag}=${word}` : `--${flag} ${word}`];
}

/** A word as a shell takes it: in single quotes where it has other characters than names and numbers have. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
