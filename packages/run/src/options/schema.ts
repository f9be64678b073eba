import { z } from 'zod';
import type { Condition, OnResume, OptionFacts } from './option.js';

/** An option with its schema's facts and the facts beside the schema: see `option`. */
export interface OptionInfo {
  /** camelCase, as in configuration files. */
  readonly key: string;
  /** kebab-case, as on the command line. */
  readonly flag: string;
  readonly type: 'string' | 'number' | 'boolean' | 'list';
  /** What the option does when it is given or on. */
  readonly description: string;
  /** The values of an enum. */
  readonly choices: readonly string[] | undefined;
  readonly default: unknown;
  readonly required: boolean;
  /** The role of the place that the option names. */
  readonly place: OptionFacts['place'];
  readonly onResume: OnResume;
  readonly before: unknown;
  readonly needs: readonly Condition[];
  readonly excludes: readonly Condition[];
  readonly onCard: boolean;
  readonly ofWorker: boolean;
}

/** The options of a command's schema, in the schema's order. */
export function optionsOf(schema: z.ZodObject): OptionInfo[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return Object.entries(json.properties ?? {}).map(([key, property]) => ({
    key,
    flag: kebab(key),
    type: typeOf(property),
    description: property.description ?? '',
    choices: property.enum?.map(String),
    default: property.default,
    required: json.required?.includes(key) ?? false,
    place: property.place,
    onResume: property.onResume ?? 'same',
    before: property.before,
    needs: property.needs ?? [],
    excludes: property.excludes ?? [],
    onCard: property.onCard ?? true,
    ofWorker: property.ofWorker ?? property.place !== undefined,
  }));
}

interface JsonSchema extends OptionFacts {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function typeOf(property: JsonSchema): OptionInfo['type'] {
  if (property.type === 'number' || property.type === 'integer') return 'number';
  if (property.type === 'boolean') return 'boolean';
  if (property.type === 'array') return 'list';
  return 'string';
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** An option's key from its flag. */
export function camel(flag: string): string {
  return flag.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
