import { itemsOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import type { Target } from './_nodes.js';
import { Namespace, typeOf, Undefined, type Value } from './_values.js';
import type { Work } from './_work.js';

/** Names and their values. Loops, macros and blocks have their own scopes; an `if` has none. */
export class Scope {
  private readonly values = new Map<string, Value>();

  constructor(private readonly outer?: Scope) {}

  get(name: string): Value {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.outer) {
      const value = scope.values.get(name);
      if (value !== undefined) return value;
    }
    return new Undefined(`'${name}' is undefined`);
  }

  set(name: string, value: Value): void {
    this.values.set(name, value);
  }
}

/** Stores a value in a name, or its items in several names. */
export function assign(target: Target, value: Value, scope: Scope, work: Work): void {
  if (target.kind === 'name') {
    scope.set(target.name, value);
    return;
  }
  if (target.kind === 'namespace') {
    const namespace = scope.get(target.name);
    if (!(namespace instanceof Namespace)) throw failure('cannot assign attribute on non-namespace object');
    namespace.values.set(target.attribute, value);
    return;
  }
  const items = unpacked(value, work);
  const { length } = target.items;
  if (items.length > length) throw failure(`too many values to unpack (expected ${length})`);
  if (items.length < length) throw failure(`not enough values to unpack (expected ${length}, got ${items.length})`);
  for (const [i, item] of target.items.entries()) assign(item, items[i] as Value, scope, work);
}

function unpacked(value: Value, work: Work): Value[] {
  try {
    return itemsOf(value, work);
  } catch (error) {
    if (value === null || typeof value === 'number')
      throw failure(`cannot unpack non-iterable ${typeOf(value)} object`);
    throw error;
  }
}
