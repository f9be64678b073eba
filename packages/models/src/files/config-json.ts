import { DpoError, isObject, parseJsonObject } from '@dpo/base';

/** The literals of whole numbers that a text writes as floats (`30.0`), by the object or list that they are in. */
const floats = new WeakMap<object, ReadonlyMap<string, string>>();

/** Deeper than any real configuration. */
const DEEPEST = 100;

/**
 * Parses a config.json so that {@link writeConfig} can write its floats as floats again. Python tells 30.0 from 30, and
 * transformers refuses a whole number for a setting that is a float; JavaScript has one type for both.
 *
 * @throws {DpoError} `model.bad-json`
 */
export function parseConfig(text: string, path: string): Record<string, unknown> {
  const config = parseJsonObject(text, path);
  const tokens = text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/gs);
  const next = (): string => tokens.next().value?.[0] ?? '';

  /** Reads the value that begins with `token`. The text is valid JSON. */
  const visit = (token: string, value: unknown, depth = 0): void => {
    if (token !== '{' && token !== '[') return;
    if (depth > DEEPEST)
      throw new DpoError('model.bad-json', `${path} is nested more than ${DEEPEST} deep.`, { values: { path } });
    const literals = new Map<string, string>();
    let index = 0;
    for (let at = next(); at !== '}' && at !== ']' && at !== ''; at = next()) {
      if (at === ',') continue;
      const key = token === '[' ? String(index++) : (JSON.parse(at) as string);
      if (token === '{') next(); // the colon
      const first = token === '[' ? at : next();
      if (/^-?\d.*[.eE]/.test(first) && Number.isInteger(Number(first))) literals.set(key, first);
      visit(
        first,
        isObject(value) || Array.isArray(value) ? (value as Record<string, unknown>)[key] : undefined,
        depth + 1,
      );
    }
    if (literals.size > 0 && (isObject(value) || Array.isArray(value))) floats.set(value, literals);
  };
  visit(next(), config);
  return config;
}

/** A configuration with other values of some settings. Floats of the original are still written as floats. */
export function changedConfig(
  config: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result = { ...config, ...changes };
  const literals = floats.get(config);
  if (literals !== undefined) floats.set(result, literals);
  return result;
}

/** The text of a config.json with other values of some settings. Floats of the original are written as floats. */
export function writeConfig(
  config: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
): string {
  const text = JSON.stringify(
    changedConfig(config, changes),
    function (this: object, key: string, value: unknown) {
      const literal = floats.get(this)?.get(key);
      return literal !== undefined && value === Number(literal) ? `\u0001${literal}` : value;
    },
    2,
  );
  return `${text.replaceAll(/"\\u0001([^"]*)"/g, '$1')}\n`;
}
