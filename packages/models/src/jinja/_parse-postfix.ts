import type { CallArguments, Expression } from './_nodes.js';
import { ParserState } from './_parser-state.js';
import { int } from './_values.js';

/** Reads literals, and the parts behind a value: attributes, items, slices, arguments of calls. */
export abstract class PostfixParser extends ParserState {
  /** Reads a whole expression, for an argument, a key or an item. */
  abstract expression(condition?: boolean): Expression;

  /** Neighbouring string literals, which are one text. */
  protected strings(): string {
    let text = '';
    while (this.stream.is('string')) text += this.stream.next().value;
    return text;
  }

  protected sequence<T>(open: string, close: string, one: () => T): T[] {
    this.stream.expect(open);
    const items: T[] = [];
    while (!this.stream.is(close)) {
      if (items.length > 0) this.stream.expect(',');
      if (this.stream.is(close)) break;
      items.push(one());
    }
    this.stream.expect(close);
    return items;
  }

  protected pair(): readonly [Expression, Expression] {
    const key = this.expression();
    this.stream.expect(':');
    return [key, this.expression()];
  }

  protected postfix(start: Expression): Expression {
    let node = start;
    for (;;) {
      if (this.stream.is('.')) node = this.dotted(node);
      else if (this.stream.is('[')) node = this.subscript(node);
      else if (this.stream.is('(')) node = { kind: 'call', of: node, args: this.callArguments() };
      else return node;
    }
  }

  private dotted(of: Expression): Expression {
    this.stream.next();
    const token = this.stream.next();
    if (token.type === 'name') return { kind: 'attribute', of, name: token.value };
    if (token.type !== 'integer') throw this.stream.error('expected name or number', token.line);
    return { kind: 'item', of, key: { kind: 'integer', value: int(Number(token.value)) } };
  }

  private subscript(of: Expression): Expression {
    this.stream.expect('[');
    const keys: Expression[] = [];
    let parts: readonly (Expression | undefined)[] | undefined;
    while (!this.stream.is(']')) {
      if (keys.length > 0 || parts !== undefined) this.stream.expect(',');
      const key = this.stream.is(':') ? undefined : this.expression();
      if (this.stream.is(':')) parts = this.sliceParts(key);
      else if (key !== undefined) keys.push(key);
    }
    this.stream.expect(']');
    if (parts !== undefined && keys.length === 0) return { kind: 'slice', of, parts };
    if (parts !== undefined) throw this.stream.error('a slice beside other keys is not supported');
    const [only] = keys;
    return { kind: 'item', of, key: keys.length === 1 && only !== undefined ? only : { kind: 'tuple', items: keys } };
  }

  private sliceParts(start: Expression | undefined): readonly (Expression | undefined)[] {
    const part = (): Expression | undefined =>
      this.stream.is(':') || this.stream.is(']') || this.stream.is(',') ? undefined : this.expression();
    this.stream.expect(':');
    const stop = part();
    return [start, stop, this.stream.skip(':') ? part() : undefined];
  }

  protected callArguments(): CallArguments {
    const { line } = this.stream.expect('(');
    const positional: Expression[] = [];
    const keywords: (readonly [string, Expression])[] = [];
    let list: Expression | undefined;
    let dict: Expression | undefined;
    const ensure = (right: boolean): void => {
      if (!right) throw this.stream.error('invalid syntax for function call expression', line);
    };
    for (let first = true; !this.stream.is(')'); first = false) {
      if (!first) this.stream.expect(',');
      if (this.stream.is(')')) break;
      if (this.stream.skip('*')) {
        ensure(list === undefined && dict === undefined);
        list = this.expression();
      } else if (this.stream.skip('**')) {
        ensure(dict === undefined);
        dict = this.expression();
      } else if (this.stream.is('name') && this.stream.aheadIs('=')) {
        ensure(dict === undefined);
        const name = this.stream.next().value;
        this.stream.next();
        keywords.push([name, this.expression()]);
      } else {
        ensure(list === undefined && dict === undefined && keywords.length === 0);
        positional.push(this.expression());
      }
    }
    this.stream.expect(')');
    return { positional, keywords, list, dict };
  }
}
