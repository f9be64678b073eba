import { equals } from './_compare.js';
import { iterate, sizeOf } from './_iterate.js';
import { failure } from './_jinja-error.js';
import { bind } from './_signature.js';
import { Callable, Tuple, typeOf, Undefined, type Value } from './_values.js';
import type { Work } from './_work.js';

/** The items of a loop, and the template's `loop` object. The loop looks ahead only when the template asks for later items. */
export class Loop {
  readonly object: Callable;
  private index = -1;
  private length: number | undefined;
  private before: Value | undefined;
  private item: Value | undefined;
  private after: IteratorResult<Value> | undefined;
  private items: Iterator<Value>;
  private changes: Tuple | undefined;

  /** @param recurse renders the loop's body with other items, one level deeper; undefined for a loop that is not recursive */
  constructor(
    over: Value,
    filter: ((item: Value) => boolean) | undefined,
    private readonly depth: number,
    private readonly work: Work,
    recurse: ((items: Value, depth: number) => Value) | undefined,
  ) {
    const items = iterate(over);
    if (items === undefined) throw failure(`'${typeOf(over)}' object is not iterable`);
    this.items = filter === undefined ? items : filteredItems(items, filter, work);
    this.length = filter === undefined ? sizeOf(over) : undefined;
    this.object = new Callable(
      'loop',
      (args) => {
        const [inner] = bind('loop', 'iterable', args);
        if (recurse === undefined) {
          throw failure("The loop must have the 'recursive' marker to be called recursively.");
        }
        return recurse(inner as Value, depth + 1);
      },
      'LoopContext',
      (name) => this.attribute(name),
      '<LoopContext>',
    );
  }

  /** The next item; undefined at the end. */
  next(): Value | undefined {
    const next = this.after ?? this.items.next();
    this.after = undefined;
    if (next.done === true) return undefined;
    this.work.spend(1);
    this.index++;
    this.before = this.item;
    this.item = next.value;
    return next.value;
  }

  private peek(): IteratorResult<Value> {
    this.after ??= this.items.next();
    return this.after;
  }

  private size(): number {
    if (this.length === undefined) {
      const rest: Value[] = [];
      for (let next = this.peek(); next.done !== true; next = this.items.next()) rest.push(next.value);
      this.after = undefined;
      this.items = rest[Symbol.iterator]();
      this.length = this.index + 1 + rest.length;
    }
    return this.length;
  }

  private attribute(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return this.index + 1;
      case 'index0':
        return this.index;
      case 'first':
        return this.index === 0;
      case 'last':
        return this.peek().done === true;
      case 'length':
        return this.size();
      case 'revindex':
        return this.size() - this.index;
      case 'revindex0':
        return this.size() - this.index - 1;
      case 'depth':
        return this.depth + 1;
      case 'depth0':
        return this.depth;
      case 'previtem':
        return this.before === undefined ? new Undefined('there is no previous item') : this.before;
      case 'nextitem': {
        const next = this.peek();
        return next.done === true ? new Undefined('there is no next item') : next.value;
      }
    }
    return this.method(name);
  }

  private method(name: string): Callable | undefined {
    if (name === 'cycle') {
      return new Callable(name, ({ positional }) => {
        if (positional.length === 0) throw failure('no items for cycling given');
        return positional[this.index % positional.length] as Value;
      });
    }
    if (name !== 'changed') return undefined;
    return new Callable(name, ({ positional }) => {
      const now = new Tuple(positional);
      const changed = this.changes === undefined || !equals(this.changes, now, this.work);
      this.changes = now;
      return changed;
    });
  }
}

function* filteredItems(
  items: Iterator<Value>,
  filter: (item: Value) => boolean,
  work: Work,
): Generator<Value, undefined, undefined> {
  for (let next = items.next(); next.done !== true; next = items.next()) {
    work.spend(1);
    if (filter(next.value)) yield next.value;
  }
  return undefined;
}
