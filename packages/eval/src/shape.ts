/** Reads a value out of parsed JSON, or throws a {@link ShapeError} that says where it is not what it should be. */
export type Shape<T> = (value: unknown, where: string) => T;

/** A value that is not of the shape it should be. */
export class ShapeError extends Error {
  constructor(
    readonly where: string,
    readonly expected: string,
  ) {
    super(`${where} should be ${expected}`);
  }
}

export const text: Shape<string> = (value, where) => {
  if (typeof value === 'string') return value;
  throw new ShapeError(where, 'a text');
};

export const truth: Shape<boolean> = (value, where) => {
  if (typeof value === 'boolean') return value;
  throw new ShapeError(where, 'true or false');
};

export const finite: Shape<number> = (value, where) => {
  if (typeof value === 'number') return value;
  throw new ShapeError(where, 'a number');
};

/** A number that may be unknown: JSON has no NaN and writes null for it. */
export const unsure: Shape<number> = (value, where) => (value === null ? Number.NaN : finite(value, where));

export function exactly<T extends string | number>(wanted: T): Shape<T> {
  return (value, where) => {
    if (value === wanted) return wanted;
    throw new ShapeError(where, JSON.stringify(wanted));
  };
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, where) => (value === undefined ? undefined : shape(value, where));
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw new ShapeError(where, 'a list');
    return value.map((each, i) => shape(each, `${where}[${i}]`));
  };
}

/** An object with these keys; others are left out. */
export function record<T extends object>(shapes: { readonly [K in keyof Required<T>]: Shape<T[K]> }): Shape<T> {
  return (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ShapeError(where, 'an object');
    const given = value as Readonly<Record<string, unknown>>;
    const entries = Object.entries<Shape<unknown>>(shapes).map(([key, shape]) => [
      key,
      shape(given[key], where === '' ? key : `${where}.${key}`),
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
export function oneOf<const T extends string>(wanted: readonly T[]): Shape<T> {
  return (value, where) => {
    const found = wanted.find((each) => each === value);
    if (found !== undefined) return found;
    throw new ShapeError(where, `one of ${wanted.map((each) => JSON.stringify(each)).join(', ')}`);
  };
}

/** A value that may be absent or null, both of which say that nothing is known. */
export function unknownOr<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, where) => (value === undefined || value === null ? undefined : shape(value, where));
}
