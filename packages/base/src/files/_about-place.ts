import { DpoError } from '../error.js';

/**
 * The error in terms of the place that the user named: what was written fails under a temporary name, which is gone by the
 * time that the error is read. Errors that do not name it are returned as they came.
 */
export function aboutPlace(error: unknown, temporary: string, place: string): unknown {
  if (!DpoError.is(error)) return error;
  const shown = place.replace(/[/\\]+$/, '');
  const renamed = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll(temporary, shown);
    if (Array.isArray(value)) return value.map(renamed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, renamed(each)]));
  };
  const { code, message, hint, values } = error;
  if (![message, hint, JSON.stringify(values)].some((text) => text?.includes(temporary))) return error;
  return new DpoError(code, renamed(message) as string, {
    values: renamed(values) as DpoError['values'],
    ...(hint === undefined ? {} : { hint: renamed(hint) as string }),
    cause: error.cause,
  });
}
