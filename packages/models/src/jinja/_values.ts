import { failure, JinjaError } from './_jinja-error.js';

/**
 * A value of a template, with Python's types. A JavaScript number is an `int` and always whole; `Float` is a `float`. An array is a
 * `list`. Templates cannot change values, so arrays are shared freely.
 */
export type Value = null | boolean | number | string | readonly Value[] | PyObject;

/** The arguments of a call: values by position and by keyword. */
export interface Arguments {
  readonly positional: readonly Value[];
  readonly keywords: ReadonlyMap<string, Value>;
}

export const noArguments: Arguments = { positional: [], keywords: new Map() };

/** A value without a plain JavaScript type. */
abstract class PyObject {
  /** The name of Python's type. */
  abstract readonly type: string;
}

export class Float extends PyObject {
  readonly type = 'float';
  constructor(readonly value: number) {
    super();
  }
}

/** A text that counts as escaped. */
export class Markup extends PyObject {
  readonly type = 'Markup';
  constructor(readonly text: string) {
    super();
  }
}

export class Tuple extends PyObject {
  readonly type = 'tuple';
  constructor(
    readonly items: readonly Value[],
    /** The names of a named tuple's items. */
    readonly names: readonly string[] = [],
  ) {
    super();
  }
}

export class Range extends PyObject {
  readonly type = 'range';
  readonly length: number;
  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {
    super();
    this.length = Math.max(0, Math.ceil((stop - start) / step));
  }
}

/** An iterator, which can be read once. */
export class Generator extends PyObject {
  readonly type: string;
  constructor(
    readonly items: Iterator<Value>,
    type = 'generator',
  ) {
    super();
    this.type = type;
  }
}

/** A result of `namespace()`: the one kind of value that a template can change. */
export class Namespace extends PyObject {
  readonly type = 'Namespace';
  readonly values = new Map<string, Value>();
}

/** A function, a method, a macro, or an object that can be called. */
export class Callable extends PyObject {
  constructor(
    readonly name: string,
    readonly call: (args: Arguments) => Value,
    readonly type = 'builtin_function_or_method',
    /** The attributes that a template may read. */
    readonly attributes: (name: string) => Value | undefined = () => undefined,
    /** The object's `repr`. Default that of a built-in method. */
    readonly printed?: string,
  ) {
    super();
  }
}

/** Jinja's undefined value: it prints as an empty text, is false and empty, and fails in every other use. */
export class Undefined extends PyObject {
  readonly type = 'Undefined';
  constructor(readonly message: string) {
    super();
  }
  fail(): JinjaError {
    return failure(this.message);
  }
}

/** A `dict`. Keys are values that Python can hash; keys that are equal in Python are the same key. */
export class Dict extends PyObject {
  readonly type = 'dict';
  private readonly entries = new Map<unknown, readonly [Value, Value]>();

  get size(): number {
    return this.entries.size;
  }
  set(key: Value, value: Value): this {
    const hash = hashOf(key);
    this.entries.set(hash, [this.entries.get(hash)?.[0] ?? key, value]);
    return this;
  }
  get(key: Value): Value | undefined {
    return this.entries.get(hashOf(key))?.[1];
  }
  has(key: Value): boolean {
    return this.entries.has(hashOf(key));
  }
  *keys(): Items {
    for (const [key] of this.entries.values()) yield key;
  }
  *values(): Items {
    for (const [, value] of this.entries.values()) yield value;
  }
  pairs(): IterableIterator<readonly [Value, Value]> {
    return this.entries.values();
  }
}

type Items = globalThis.Generator<Value, void, undefined>;

/** A result of `dict.keys()`, `values()` or `items()`. */
export class View extends PyObject {
  constructor(
    readonly dict: Dict,
    readonly type: 'dict_keys' | 'dict_values' | 'dict_items',
  ) {
    super();
  }
  *items(): Items {
    for (const [key, value] of this.dict.pairs()) {
      if (this.type === 'dict_items') yield new Tuple([key, value]);
      else yield this.type === 'dict_keys' ? key : value;
    }
  }
}

/** The key of a Map for a value. Values that are equal and hashable in Python have the same key. */
export function hashOf(value: Value): unknown {
  if (typeof value === 'boolean') return Number(value);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Float) return value.value;
  if (value instanceof Markup) return value.text;
  if (value instanceof Undefined) return Undefined;
  if (value instanceof Tuple) return hashOfTuple(value);
  if (Array.isArray(value) || value instanceof Dict) throw failure(`unhashable type: '${typeOf(value)}'`);
  return value;
}

/** A text that differs from the keys of all other types. */
function hashOfTuple(tuple: Tuple): string {
  const parts = tuple.items.map((item) => {
    const hash = hashOf(item);
    return `${typeof hash} ${String(hash)}`;
  });
  const hash = `\0(${parts.join('\0')})`;
  if (hash.length > 1_000_000) throw new JinjaError('limit', 'it uses a tuple of a million characters as a key');
  return hash;
}

/** The name of a value's type in Python. */
export function typeOf(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'int';
  if (typeof value === 'string') return 'str';
  return value instanceof PyObject ? value.type : 'list';
}

/** The text of a `str`, escaped or not; undefined for every other value. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Markup ? value.text : undefined;
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** The number of an `int`, a `float` or a `bool` (`True` is 1); undefined for other values. */
export function numberOf(value: Value | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  return value instanceof Float ? value.value : undefined;
}

/** A number as an `int`. @throws {JinjaError} `limit` for a number that JavaScript cannot hold exactly. */
export function int(value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new JinjaError('limit', 'it computes a whole number beyond 2^53, which is not exact here');
  }
  return value === 0 ? 0 : value;
}

/** Whether a value counts as true. */
export function truthy(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (!(value instanceof PyObject)) return isList(value) ? value.length > 0 : Boolean(value);
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Markup) return value.text !== '';
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Dict) return value.size > 0;
  if (value instanceof View) return value.dict.size > 0;
  return value instanceof Range ? value.length > 0 : true;
}
