import { DpoError } from '../error.js';

/**
 * The error with the user's name of the place instead of the temporary name, which no longer exists when the error is read.
 * Errors without the temporary name are returned unchanged.
 */
export function aboutPlace(error: unknown, temporary: string, place: string): unknown {
  if (!DpoError.is(error)) return error;
  const name = place.replace(/[/\\]+$/, '');
  const rename = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll(temporary, name);
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rename(each)]));
  };
  const { code, message, hint, values } = error;
  if (![message, hint, JSON.stringify(values)].some((text) => text?.includes(temporary))) return error;
  return new DpoError(code, rename(message) as string, {
    values: rename(values) as DpoError['values'],
    ...(hint === undefined ? {} : { hint: rename(hint) as string }),
    cause: error.cause,
  });
}
