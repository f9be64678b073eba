/** Checks a value of parsed JSON. @throws ShapeError that names the place and the expected value */
export type Shape<T> = (value: unknown, where: string) => T;

/** A value of another shape than expected. */
export class ShapeError extends Error {
  constructor(
    /** The key, or the path of keys, of the value. */
    readonly where: string,
    /** The expected value in words. */
    readonly expected: string,
  ) {
    super(`${where} should be ${expected}`);
  }
}

/** A text. */
export const text: Shape<string> = (value, where) => {
  if (typeof value === 'string') return value;
  throw new ShapeError(where, 'a text');
};

/** True or false. */
export const truth: Shape<boolean> = (value, where) => {
  if (typeof value === 'boolean') return value;
  throw new ShapeError(where, 'true or false');
};

/** A number: JSON has finite ones alone. */
export const finite: Shape<number> = (value, where) => {
  if (typeof value === 'number') return value;
  throw new ShapeError(where, 'a number');
};

/** A number that may be NaN, for which JSON has null. */
export const unsure: Shape<number> = (value, where) => (value === null ? Number.NaN : finite(value, where));

/** This value alone. */
export function exactly<T extends string | number>(expected: T): Shape<T> {
  return (value, where) => {
    if (value === expected) return expected;
    throw new ShapeError(where, JSON.stringify(expected));
  };
}

/** A value of the shape, or none. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, where) => (value === undefined ? undefined : shape(value, where));
}

/** A list of values of the shape. */
export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw new ShapeError(where, 'a list');
    return value.map((each, i) => shape(each, `${where}[${i}]`));
  };
}

/** An object with these keys. Other keys are left out. */
export function record<T extends object>(shapes: { readonly [K in keyof Required<T>]: Shape<T[K]> }): Shape<T> {
  return (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ShapeError(where, 'an object');
    const fields = value as Readonly<Record<string, unknown>>;
    const entries = Object.entries<Shape<unknown>>(shapes).map(([key, shape]) => [
      key,
      shape(fields[key], where === '' ? key : `${where}.${key}`),
    ]);
    return Object.fromEntries(entries) as T;
  };
}

/** A number from `low` to `high`, both included. */
export function between(low: number, high: number): Shape<number> {
  return (value, where) => {
    if (typeof value === 'number' && value >= low && value <= high) return value;
    throw new ShapeError(
      where,
      high === Number.MAX_VALUE ? `a number of at least ${low}` : `a number from ${low} to ${high}`,
    );
  };
}

/** One of these texts. */
export function oneOf<const T extends string>(texts: readonly T[]): Shape<T> {
  return (value, where) => {
    const match = texts.find((each) => each === value);
    if (match !== undefined) return match;
    throw new ShapeError(where, `one of ${texts.map((each) => JSON.stringify(each)).join(', ')}`);
  };
}

/** A value that may be absent or null, which are the same. */
export function unknownOr<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, where) => (value === undefined || value === null ? undefined : shape(value, where));
}
