import { DpoError } from '@dpo/base';

/**
 * Reads the settings of a config.json. Every method takes the setting's key; `fallback` is the value of a setting that the
 * configuration leaves out.
 *
 * @throws {DpoError} `model.bad-config` from every method when a setting is no value of the kind, or is missing without a
 * fallback. The error names file, key, what was expected and what came.
 */
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

  /** As `count`, but undefined when the setting is null, or when it is missing without a fallback. */
  optionalCount(key: string, fallback?: number): number | undefined {
    const absent = key in this.raw ? this.raw[key] === null : fallback === undefined;
    return absent ? undefined : this.count(key, fallback);
  }

  /** As `positive`, but undefined when the setting is null, or when it is missing without a fallback. */
  optionalPositive(key: string, fallback?: number): number | undefined {
    const absent = key in this.raw ? this.raw[key] === null : fallback === undefined;
    return absent ? undefined : this.positive(key, fallback);
  }

  /** A finite number above 0. */
  positive(key: string, fallback?: number): number {
    return this.#value(key, fallback, (value) => Number.isFinite(value) && Number(value) > 0, 'a number above 0');
  }

  /** True or false. */
  flag(key: string, fallback: boolean): boolean {
    return this.#value(key, fallback, (value) => typeof value === 'boolean', 'true or false');
  }

  /** One of the supported texts. @throws {DpoError} `model.unsupported-config` for another value. */
  choice<T extends string>(key: string, choices: readonly T[], fallback: T): T {
    const value = this.raw[key] ?? fallback;
    const match = choices.find((choice) => choice === value);
    if (match !== undefined) return match;
    throw this.unsupported(key, value, `one of ${choices.join(', ')}`);
  }

  /**
   * A list of `length` supported values, or undefined when the setting is missing.
   *
   * @throws {DpoError} `model.unsupported-config` for another value.
   */
  choices<T extends string | number>(key: string, choices: readonly T[], length: number): readonly T[] | undefined {
    const value = this.raw[key] ?? undefined;
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length !== length) throw this.#bad(key, value, `a list of ${length}`);
    return value.map((item: unknown) => {
      const match = choices.find((choice) => choice === item);
      if (match === undefined) throw this.unsupported(key, item, `only ${choices.join(', ')}`);
      return match;
    });
  }

  /** A list of `length` finite numbers above 0. */
  numbers(key: string, length: number): readonly number[] {
    const value = this.raw[key];
    const valid = (item: unknown) => typeof item === 'number' && Number.isFinite(item) && item > 0;
    if (Array.isArray(value) && value.length === length && value.every(valid)) return value as number[];
    throw this.#bad(key, value, `a list of ${length} numbers above 0`);
  }

  /** A reader of an object of settings inside of the configuration, or undefined when the setting is missing. */
  object(key: string): ConfigReader | undefined {
    const value = this.raw[key] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw this.#bad(key, value, 'an object');
    return new ConfigReader(value as Record<string, unknown>, `${this.path}, ${key}`);
  }

  /** Checks that the setting `larger` is a multiple of the setting `smaller`. */
  multiple(larger: string, smaller: string): void {
    const [a, b] = [this.raw[larger], this.raw[smaller]];
    if (typeof a === 'number' && typeof b === 'number' && a % b !== 0)
      throw this.#bad(larger, a, `a multiple of "${smaller}" (${b})`);
  }

  /** The error `model.unsupported-config` of a value that is valid in transformers, but not computed here. */
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
