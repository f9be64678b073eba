/** Options that change nothing of the results: where they go, and how they are printed. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['json', 'resume', 'resumeFrom', 'overwrite', 'config']);

/**
 * The command that a run's `config.json` describes, with all options, for a POSIX shell. Undefined when the file has no command or no
 * options.
 */
export function commandLine(config: Readonly<Record<string, unknown>>): string | undefined {
  const { command, options } = config;
  if (typeof command !== 'string' || typeof options !== 'object' || options === null) return undefined;
  const words = Object.entries(options as Readonly<Record<string, unknown>>).flatMap(([key, value]) =>
    WITHOUT_EFFECT.has(key) ? [] : optionWords(key, value),
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

/** A word for a shell: in single quotes when it has characters that a shell may read in another way. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
