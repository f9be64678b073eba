import { z } from 'zod';
import type { PlaceRole } from '../places/role.js';

/** One option, read off the schema. */
export interface OptionInfo {
  /** camelCase, as in configuration files. */
  readonly key: string;
  /** kebab-case, as on the command line. */
  readonly flag: string;
  readonly type: 'string' | 'number' | 'boolean' | 'list';
  readonly description: string;
  readonly choices: readonly string[] | undefined;
  readonly default: unknown;
  readonly required: boolean;
  /** What the option names, where it names a place. */
  readonly place: PlaceRole | undefined;
}

/** The options of a command's schema, in its order. */
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
  }));
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly place?: PlaceRole;
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

export function camel(flag: string): string {
  return flag.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
