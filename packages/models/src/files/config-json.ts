import { DpoError, isObject, parseJsonObject } from '@dpo/base';

/** The literals of whole numbers that a text writes as floats (`30.0`), by the object or list that they stand in. */
const floats = new WeakMap<object, ReadonlyMap<string, string>>();

/** Deeper than any real configuration. */
const DEEPEST = 100;

/**
 * Parses a config.json so that {@link writeConfig} can write it again as it was. Python tells 30.0 from 30, and
 * transformers refuses a whole number where a configuration wants a float; JavaScript has one type for both.
 *
 * @throws DpoError `model.bad-json`
 */
export function parseConfig(text: string, path: string): Record<string, unknown> {
  const config = parseJsonObject(text, path);
  const tokens = text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/gs);
  const next = (): string => tokens.next().value?.[0] ?? '';

  /** Reads the value that begins with `token`; the text is known to be valid. */
  const visit = (token: string, value: unknown, depth = 0): void => {
    if (token !== '{' && token !== '[') return;
    if (depth > DEEPEST)
      throw new DpoError('model.bad-json', `${path} is nested more than ${DEEPEST} deep.`, { values: { path } });
    const own = new Map<string, string>();
    let index = 0;
    for (let at = next(); at !== '}' && at !== ']' && at !== ''; at = next()) {
      if (at === ',') continue;
      const key = token === '[' ? String(index++) : (JSON.parse(at) as string);
      if (token === '{') next(); // the colon
      const first = token === '[' ? at : next();
      if (/^-?\d.*[.eE]/.test(first) && Number.isInteger(Number(first))) own.set(key, first);
      visit(
        first,
        isObject(value) || Array.isArray(value) ? (value as Record<string, unknown>)[key] : undefined,
        depth + 1,
      );
    }
    if (own.size > 0 && (isObject(value) || Array.isArray(value))) floats.set(value, own);
  };
  visit(next(), config);
  return config;
}

/** A configuration with some settings changed: what {@link parseConfig} read as a float is still written as one. */
export function changedConfig(
  config: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const changed = { ...config, ...changes };
  const own = floats.get(config);
  if (own !== undefined) floats.set(changed, own);
  return changed;
}

/** The text of a config.json with some settings changed: what {@link parseConfig} read as a float stays one. */
export function writeConfig(
  config: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
): string {
  const marked = JSON.stringify(
    changedConfig(config, changes),
    function (this: object, key: string, value: unknown) {
      const literal = floats.get(this)?.get(key);
      return literal !== undefined && value === Number(literal) ? `\u0001${literal}` : value;
    },
    2,
  );
  return `${marked.replaceAll(/"\\u0001([^"]*)"/g, '$1')}\n`;
}
