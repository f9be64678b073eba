import { DpoError, nearest } from '@dpo/base';
import type { z } from 'zod';
import { USAGE } from '../usage.js';
import type { Condition } from './option.js';
import { type OptionInfo, optionsOf } from './schema.js';

/**
 * Checks the options of a library's caller, and fills in the defaults.
 *
 * @throws DpoError `cli.usage`, naming the option, for a value that is not allowed, an unknown key (with the nearest known key),
 *   and options that do not go together
 */
export function checkOptions<Schema extends z.ZodObject>(schema: Schema, values: unknown): z.output<Schema> {
  const result = schema.safeParse(values);
  if (!result.success)
    throw new DpoError(USAGE, `${result.error.issues.map((issue) => messageOf(issue, schema)).join('; ')}.`);
  checkTogether(optionsOf(schema), result.data, ({ key }) => key);
  return result.data;
}

function messageOf(issue: z.core.$ZodIssue, schema: z.ZodObject): string {
  if (issue.code !== 'unrecognized_keys') return `${issue.path.join('.')}: ${issue.message}`;
  const [key = ''] = issue.keys;
  const near = nearest(key, Object.keys(schema.shape));
  return `unknown option "${key}"${near ? `; did you mean "${near}"?` : ''}`;
}

/**
 * Checks that options go together, by their conditions in the table.
 *
 * @param spell how the caller writes an option: as its key or as its flag
 * @throws DpoError `cli.usage` with the message of the first condition that fails
 */
export function checkTogether(
  options: readonly OptionInfo[],
  values: Readonly<Record<string, unknown>>,
  spell: (option: OptionInfo) => string,
): void {
  const byKey = new Map(options.map((option) => [option.key, option]));
  const isGiven = (key: string) => {
    const value = values[key];
    return value !== undefined && value !== false && value !== byKey.get(key)?.default;
  };
  const holds = ({ any, is }: Condition) =>
    any.some((key) => (is === undefined ? isGiven(key) : is.includes(values[key])));
  const say = ({ says }: Condition) =>
    says.replace(/\{(=?)(\w+)\}/g, (_, value: string, key: string) => {
      const option = byKey.get(key);
      return value === '=' ? String(values[key]) : option === undefined ? key : spell(option);
    });
  for (const { key, needs, excludes } of options) {
    if (!isGiven(key)) continue;
    const failure = excludes.find(holds) ?? needs.find((need) => !holds(need));
    if (failure !== undefined) throw new DpoError(USAGE, say(failure), { values: { option: key } });
  }
}
