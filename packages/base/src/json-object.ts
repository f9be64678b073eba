import { DpoError } from './error.js';

/** True for a JSON object; false for null and for a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses the text of a model's file as a JSON object.
 *
 * @throws DpoError `model.bad-json` with the file's name for any other text
 */
export function parseJsonObject(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DpoError('model.bad-json', `${path} is not valid JSON: ${(cause as Error).message}.`, {
      values: { path },
      hint: 'The file may be cut short: fetch it again.',
      cause,
    });
  }
  if (!isObject(value)) {
    throw new DpoError('model.bad-json', `${path} must hold a JSON object.`, { values: { path } });
  }
  return value;
}

/**
 * The first key that occurs twice in one object of a valid JSON text, at any depth. JSON.parse keeps the last value without an
 * error, so that two readers may read different values from one file.
 */
export function duplicateKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs;
  for (let match = token.exec(json); match !== null; match = token.exec(json)) {
    const text = match[0];
    if (text === '{') open.push(new Set());
    else if (text === '[') open.push(undefined);
    else if (text === '}' || text === ']') open.pop();
    else {
      const keys = open.at(-1);
      if (keys === undefined || !isColonNext(json, token.lastIndex)) continue;
      const key = JSON.parse(text) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

function isColonNext(json: string, at: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = at;
  return colon.test(json);
}
