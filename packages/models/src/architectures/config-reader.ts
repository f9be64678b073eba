import { DpoError } from '@dpo/base';

/** Reads a config.json with errors that name the key, what was expected and what is there. */
export class ConfigReader {
  constructor(
    readonly raw: Readonly<Record<string, unknown>>,
    /** The file or folder, for messages. */
    readonly path: string,
  ) {}

  /** A whole number of at least 1, or of at least `least`. */
  count(key: string, fallback?: number, least = 1): number {
    return this.#value(
      key,
      fallback,
      (value) => Number.isSafeInteger(value) && Number(value) >= least,
      `a whole number above ${least - 1}`,
    );
  }

  /** As `count`, but undefined where the configuration says null; `fallback` where it says nothing. */
  optionalCount(key: string, fallback?: number): number | undefined {
    const absent = key in this.raw ? this.raw[key] === null : fallback === undefined;
    return absent ? undefined : this.count(key, fallback);
  }

  /** As `positive`, but undefined where the configuration says null; `fallback` where it says nothing. */
  optionalPositive(key: string, fallback?: number): number | undefined {
    const absent = key in this.raw ? this.raw[key] === null : fallback === undefined;
    return absent ? undefined : this.positive(key, fallback);
  }

  /** A finite number above 0. */
  positive(key: string, fallback?: number): number {
    return this.#value(key, fallback, (value) => Number.isFinite(value) && Number(value) > 0, 'a number above 0');
  }

  flag(key: string, fallback: boolean): boolean {
    return this.#value(key, fallback, (value) => typeof value === 'boolean', 'true or false');
  }

  /** One of the texts that are supported. */
  choice<T extends string>(key: string, choices: readonly T[], fallback: T): T {
    const value = this.raw[key] ?? fallback;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw this.unsupported(key, value, `one of ${choices.join(', ')}`);
  }

  /** A list of `length` values that are supported, or undefined where there is none. */
  choices<T extends string | number>(key: string, choices: readonly T[], length: number): readonly T[] | undefined {
    const value = this.raw[key] ?? undefined;
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length !== length) throw this.#bad(key, value, `a list of ${length}`);
    return value.map((item: unknown) => {
      const found = choices.find((choice) => choice === item);
      if (found === undefined) throw this.unsupported(key, item, `only ${choices.join(', ')}`);
      return found;
    });
  }

  /** A list of `length` finite numbers above 0. */
  numbers(key: string, length: number): readonly number[] {
    const value = this.raw[key];
    const valid = (item: unknown) => typeof item === 'number' && Number.isFinite(item) && item > 0;
    if (Array.isArray(value) && value.length === length && value.every(valid)) return value as number[];
    throw this.#bad(key, value, `a list of ${length} numbers above 0`);
  }

  /** A settings object inside the configuration, or undefined where there is none. */
  object(key: string): ConfigReader | undefined {
    const value = this.raw[key] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw this.#bad(key, value, 'an object');
    return new ConfigReader(value as Record<string, unknown>, `${this.path}, ${key}`);
  }

  /** Throws unless `larger` is a multiple of `smaller`. */
  multiple(larger: string, smaller: string): void {
    const [a, b] = [this.raw[larger], this.raw[smaller]];
    if (typeof a === 'number' && typeof b === 'number' && a % b !== 0)
      throw this.#bad(larger, a, `a multiple of "${smaller}" (${b})`);
  }

  unsupported(key: string, value: unknown, expected: string): DpoError {
    return new DpoError(
      'model.unsupported-config',
      `${this.path}: "${key}": ${JSON.stringify(value)} is not supported; expected ${expected}.`,
      { values: { path: this.path, key, received: value, expected } },
    );
  }

  #value<T>(key: string, fallback: T | undefined, valid: (value: unknown) => boolean, expected: string): T {
    const value = this.raw[key] ?? fallback;
    if (!valid(value)) throw this.#bad(key, value, expected);
    return value as T;
  }

  #bad(key: string, value: unknown, expected: string): DpoError {
    return new DpoError(
      'model.bad-config',
      `${this.path}: "${key}" must be ${expected}, not ${value === undefined ? 'missing' : JSON.stringify(value)}.`,
      { values: { path: this.path, key, received: value ?? null, expected } },
    );
  }
}
