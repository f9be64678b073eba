import type { Condition, OnResume } from './option.js';
import type { OptionInfo } from './schema.js';

const onResume: Readonly<Record<OnResume, string>> = {
  same: 'as begun',
  free: 'free',
  name: 'the same content',
  length: 'free at a constant rate',
  judge: 'free until evaluations are compared',
};

/** The options of a command as a table in Markdown, a line to an option. */
export function optionsTable(options: readonly OptionInfo[]): string {
  const flags = new Map(options.map(({ key, flag }) => [key, `--${flag}`]));
  const list = (conditions: readonly Condition[]) =>
    conditions.map(({ any, is }) => {
      const names = any.map((key) => `\`${flags.get(key) ?? key}\``).join(' or ');
      return is === undefined ? names : `${names} ${is.join(', ')}`;
    });
  const lines = options.map((option) => {
    const needs = list(option.needs).map((what) => `needs ${what}`);
    const excludes = list(option.excludes).map((what) => `not with ${what}`);
    return [
      `\`--${option.flag}\`<br>\`${option.key}\``,
      option.required ? 'required' : option.default === undefined ? '' : `\`${String(option.default)}\``,
      `${option.description}${option.choices === undefined ? '' : ` (${option.choices.join(', ')})`}`,
      onResume[option.onResume],
      [...needs, ...excludes].join('; '),
    ].map((cell) => cell.replaceAll('|', '\\|'));
  });
  const head = ['option, key', 'default', 'what it does', 'when resumed', 'besides'];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
