import { badGguf, type GgufValue } from './gguf-cursor.js';

/**
 * Typed access to a GGUF file's metadata. A missing value is undefined.
 *
 * @throws {DpoError} `model.bad-gguf`, which names the key, from every method for a value of another type.
 */
export class GgufMetadata {
  constructor(
    readonly path: string,
    private readonly values: ReadonlyMap<string, GgufValue>,
  ) {}

  has(key: string): boolean {
    return this.values.has(key);
  }

  number(key: string): number | undefined {
    return this.typed(key, 'a number', (value) => (typeof value === 'number' ? value : undefined));
  }

  /** A whole number above 0, without which the model cannot be built. */
  requiredCount(key: string): number {
    const value = this.number(key);
    if (value === undefined) throw badGguf(this.path, `it has no "${key}"`, { key });
    if (!Number.isInteger(value) || value < 1) throw badGguf(this.path, `its "${key}" is ${value}`, { key });
    return value;
  }

  text(key: string): string | undefined {
    return this.typed(key, 'a text', (value) => (typeof value === 'string' ? value : undefined));
  }

  flag(key: string): boolean | undefined {
    return this.typed(key, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  texts(key: string): readonly string[] | undefined {
    return this.typed(key, 'a list of texts', (value) =>
      Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined,
    );
  }

  numbers(key: string): readonly number[] | undefined {
    return this.typed(key, 'a list of numbers', (value) =>
      Array.isArray(value) && value.every((entry) => typeof entry === 'number') ? value : undefined,
    );
  }

  private typed<T>(key: string, what: string, narrow: (value: GgufValue) => T | undefined): T | undefined {
    const value = this.values.get(key);
    if (value === undefined) return undefined;
    const result = narrow(value);
    if (result === undefined) throw badGguf(this.path, `its "${key}" is not ${what}`, { key });
    return result;
  }
}

/**
 * The shortest decimal number that rounds to a float32. Settings were decimal before they were stored as float32:
 * 9.999999747378752e-6 was 1e-5.
 */
export function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return value;
}
