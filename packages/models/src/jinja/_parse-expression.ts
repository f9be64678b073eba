import type { CallArguments, Expression } from './_nodes.js';
import { PostfixParser } from './_parse-postfix.js';
import { describe } from './_token-stream.js';
import { int } from './_values.js';

const comparisons = new Set(['==', '!=', '<', '<=', '>', '>=']);
const constants: Readonly<Record<string, null | boolean>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

/** Reads expressions with Jinja's precedence of operators. */
export class ExpressionParser extends PostfixParser {
  /** An expression, or several with commas between them: a tuple. */
  tuple(options: { condition?: boolean; end?: string; parentheses?: boolean } = {}): Expression {
    const items: Expression[] = [];
    let commas = false;
    for (;;) {
      if (items.length > 0) this.stream.expect(',');
      if (this.tupleEnds(options.end)) break;
      items.push(this.expression(options.condition ?? true));
      if (!this.stream.is(',')) break;
      commas = true;
    }
    const [first] = items;
    if (!commas && first !== undefined) return first;
    if (!commas && options.parentheses !== true) {
      throw this.stream.error(`Expected an expression, got '${describe(this.stream.current)}'`);
    }
    return { kind: 'tuple', items };
  }

  private tupleEnds(end: string | undefined): boolean {
    const { stream } = this;
    return (
      stream.is('variable_end') || stream.is('block_end') || stream.is(')') || (end !== undefined && stream.is(end))
    );
  }

  expression(condition = true): Expression {
    return this.nested(() => (condition ? this.condition() : this.or()));
  }

  private condition(): Expression {
    const mark = this.unknown.length;
    let yes = this.or();
    while (this.stream.skip('name:if')) {
      const test = this.or();
      const no = this.stream.skip('name:else') ? this.nested(() => this.condition()) : undefined;
      yes = { kind: 'condition', test, yes, no };
      // An unknown name matters only when its branch is taken.
      this.unknown.length = mark;
    }
    return yes;
  }

  private or(): Expression {
    let left = this.and();
    while (this.stream.skip('name:or')) left = { kind: 'or', left, right: this.and() };
    return left;
  }

  private and(): Expression {
    let left = this.not();
    while (this.stream.skip('name:and')) left = { kind: 'and', left, right: this.not() };
    return left;
  }

  private not(): Expression {
    if (this.stream.skip('name:not')) return { kind: 'not', of: this.nested(() => this.not()) };
    return this.comparison();
  }

  private comparison(): Expression {
    const first = this.sum();
    const rest: (readonly [string, Expression])[] = [];
    for (;;) {
      if (comparisons.has(this.stream.current.type)) rest.push([this.stream.next().type, this.sum()]);
      else if (this.stream.skip('name:in')) rest.push(['in', this.sum()]);
      else if (this.stream.is('name:not') && this.stream.aheadIs('name:in')) {
        this.stream.next();
        this.stream.next();
        rest.push(['not in', this.sum()]);
      } else return rest.length === 0 ? first : { kind: 'compare', first, rest };
    }
  }

  private sum(): Expression {
    return this.binary(['+', '-'], () => this.concat());
  }

  private concat(): Expression {
    const first = this.product();
    if (!this.stream.is('~')) return first;
    const items = [first];
    while (this.stream.skip('~')) items.push(this.product());
    return { kind: 'concat', items };
  }

  private product(): Expression {
    return this.binary(['*', '/', '//', '%'], () => this.binary(['**'], () => this.unary()));
  }

  private binary(signs: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    while (signs.includes(this.stream.current.type)) {
      left = { kind: 'binary', sign: this.stream.next().type, left, right: operand() };
    }
    return left;
  }

  private unary(filters = true): Expression {
    const { type } = this.stream.current;
    let node: Expression;
    if (type === '-' || type === '+') {
      this.stream.next();
      node = { kind: 'unary', sign: type, of: this.nested(() => this.unary(false)) };
    } else node = this.primary();
    node = this.postfix(node);
    return filters ? this.filtersAndTests(node) : node;
  }

  private primary(): Expression {
    const token = this.stream.current;
    switch (token.type) {
      case 'name':
        this.stream.next();
        if (Object.hasOwn(constants, token.value)) return { kind: 'constant', value: constants[token.value] as null };
        this.noteRead(token.value);
        return { kind: 'name', name: token.value };
      case 'string':
        return { kind: 'constant', value: this.strings() };
      case 'integer':
        return { kind: 'integer', value: int(Number(this.stream.next().value)) };
      case 'float':
        return { kind: 'float', value: Number(this.stream.next().value) };
      case '(': {
        this.stream.next();
        const inside = this.nested(() => this.tuple({ parentheses: true }));
        this.stream.expect(')');
        return inside;
      }
      case '[':
        return { kind: 'list', items: this.sequence('[', ']', () => this.expression()) };
      case '{':
        return { kind: 'dict', pairs: this.sequence('{', '}', () => this.pair()) };
    }
    throw this.stream.error(`unexpected '${describe(token)}'`);
  }

  private filtersAndTests(start: Expression): Expression {
    let node = start;
    for (;;) {
      if (this.stream.is('|')) node = this.filters(node) as Expression;
      else if (this.stream.is('name:is')) node = this.test(node);
      else if (this.stream.is('(')) node = { kind: 'call', of: node, args: this.callArguments() };
      else return node;
    }
  }

  /** Filters one after the other. The first filter of a filter block has no bar before it (`inline`). */
  protected filters(start: Expression | undefined, inline = false): Expression | undefined {
    let node = start;
    for (let first = inline; first || this.stream.is('|'); first = false) {
      if (!first) this.stream.next();
      const { line } = this.stream.current;
      const name = this.dottedName();
      this.useOf('filter', name, line);
      node = { kind: 'filter', of: node, name, args: this.stream.is('(') ? this.callArguments() : noCallArguments };
    }
    return node;
  }

  private dottedName(): string {
    let name = this.stream.expect('name').value;
    while (this.stream.skip('.')) name += `.${this.stream.expect('name').value}`;
    return name;
  }

  private test(of: Expression): Expression {
    const { line } = this.stream.next();
    const negated = this.stream.skip('name:not');
    const name = this.dottedName();
    this.useOf('test', name, line);
    const node: Expression = { kind: 'test', of, name, args: this.testArguments() };
    return negated ? { kind: 'not', of: node } : node;
  }

  private testArguments(): CallArguments {
    const { stream } = this;
    if (stream.is('(')) return this.callArguments();
    const begins = ['name', 'string', 'integer', 'float', '[', '{'].includes(stream.current.type);
    if (!begins || stream.is('name:else') || stream.is('name:or') || stream.is('name:and')) return noCallArguments;
    if (stream.is('name:is')) throw stream.error('You cannot chain multiple tests with is');
    return { ...noCallArguments, positional: [this.postfix(this.primary())] };
  }
}

const noCallArguments: CallArguments = { positional: [], keywords: [], list: undefined, dict: undefined };
