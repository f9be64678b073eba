import type { Expression, MacroNode, Statement, Target, TemplateNode } from './_nodes.js';
import { TargetParser } from './_parse-target.js';

/** Reads a template: its text and its statements. */
export class TemplateParser extends TargetParser {
  private readonly blocks = new Map<string, readonly Statement[]>();
  /** The open tags, the innermost last. */
  private readonly open: string[] = [];
  /** The tags that may end each of the open bodies, the innermost last. */
  private readonly ends: (readonly string[])[] = [];
  private loops = 0;

  /** Reads the whole template. @throws {JinjaError} `syntax` */
  template(): TemplateNode {
    const body = this.statements(undefined);
    this.checkNames(0);
    return { body, blocks: this.blocks };
  }

  private statements(ends: readonly string[] | undefined): Statement[] {
    const body: Statement[] = [];
    const { stream } = this;
    while (!stream.is('eof')) {
      const { type, value, line } = stream.next();
      if (type === 'data') body.push({ kind: 'text', text: value, line });
      else if (type === 'variable_begin') {
        const item = this.tuple();
        stream.expect('variable_end');
        body.push({ kind: 'output', items: [item], line });
      } else {
        if (ends?.some((end) => stream.is(`name:${end}`)) === true) return body;
        body.push(this.nested(() => this.statement()));
        stream.expect('block_end');
      }
    }
    if (ends !== undefined) throw this.unclosed(undefined);
    return body;
  }

  /** The body of a tag up to one of the tags that may end it. The current token is then the name of the end tag. */
  private body(...ends: readonly string[]): Statement[] {
    this.stream.skip(':');
    this.stream.expect('block_end');
    this.ends.push(ends);
    const body = this.statements(ends);
    this.ends.pop();
    return body;
  }

  private bodyTo(end: string): Statement[] {
    const body = this.body(end);
    this.stream.next();
    return body;
  }

  private statement(): Statement {
    const token = this.stream.current;
    if (token.type !== 'name') throw this.stream.error('tag name expected');
    const parse = Object.hasOwn(tags, token.value) ? tags[token.value] : undefined;
    if (parse === undefined) throw this.unclosed(token.value);
    this.stream.next();
    this.open.push(token.value);
    const statement = parse(this, token.line);
    this.open.pop();
    return statement;
  }

  private unclosed(tag: string | undefined): Error {
    const message = [tag === undefined ? 'Unexpected end of template.' : `Encountered unknown tag '${tag}'.`];
    const ends = this.ends.at(-1);
    if (ends !== undefined) {
      message.push(`Jinja was looking for the following tags: ${ends.map((end) => `'${end}'`).join(' or ')}.`);
    }
    const innermost = this.open.at(-1);
    if (innermost !== undefined) message.push(`The innermost block that needs to be closed is '${innermost}'.`);
    return this.stream.error(message.join(' '));
  }

  /**
   * Throws the error of the first unknown name since a mark. Unknown names are errors in every scope of its own, even when the scope
   * is never reached; in an `if` they are allowed.
   */
  private checkNames(from: number): void {
    const first = this.unknown[from];
    if (first !== undefined) throw first;
  }

  private scope<T>(parse: () => T): T {
    const mark = this.unknown.length;
    const node = parse();
    this.checkNames(mark);
    return node;
  }

  parseIf(line: number): Statement {
    const mark = this.unknown.length;
    const test = this.tuple({ condition: false });
    const body = this.body('elif', 'else', 'endif');
    const token = this.stream.next();
    let otherwise: readonly Statement[] = [];
    if (token.value === 'elif') otherwise = [this.nested(() => this.parseIf(token.line))];
    else if (token.value === 'else') otherwise = this.bodyTo('endif');
    this.unknown.length = mark;
    return { kind: 'if', test, body, otherwise, line };
  }

  parseFor(line: number): Statement {
    return this.scope(() => {
      const target = this.target('in');
      this.stream.expect('name:in');
      const over = this.tuple({ condition: false, end: 'name:recursive' });
      const test = this.stream.skip('name:if') ? this.expression() : undefined;
      const recursive = this.stream.skip('name:recursive');
      this.loops++;
      const body = this.body('endfor', 'else');
      this.loops--;
      const otherwise = this.stream.next().value === 'endfor' ? [] : this.bodyTo('endfor');
      return { kind: 'for', target, over, test, recursive, body, otherwise, line };
    });
  }

  parseSet(line: number): Statement {
    const target = this.target(undefined, true);
    if (this.stream.skip('=')) return { kind: 'set', target, value: this.tuple(), line };
    return this.scope(() => {
      const filter = this.filters(undefined);
      return { kind: 'set block', target, filter, body: this.bodyTo('endset'), line };
    });
  }

  parseMacro(line: number): Statement {
    const { value: name } = this.nameTarget();
    return { kind: 'macro', macro: this.macro(name, 'endmacro', true), line };
  }

  parseCall(line: number): Statement {
    const reads = new Set<string>();
    const parameters = this.stream.is('(') ? this.parameters() : [];
    const call = this.expression();
    if (call.kind !== 'call') throw this.stream.error('expected call', line);
    const body = this.macroBody('endcall', reads);
    return { kind: 'call block', call, caller: { name: 'caller', parameters, body, reads }, line };
  }

  parseFilter(line: number): Statement {
    return this.scope(() => {
      const filter = this.filters(undefined, true) as Expression;
      return { kind: 'filter block', filter, body: this.bodyTo('endfilter'), line };
    });
  }

  parseWith(line: number): Statement {
    return this.scope(() => {
      const values: (readonly [Target, Expression])[] = [];
      while (!this.stream.is('block_end')) {
        if (values.length > 0) this.stream.expect(',');
        const target = this.target();
        this.stream.expect('=');
        values.push([target, this.expression()]);
      }
      return { kind: 'with', values, body: this.bodyTo('endwith'), line };
    });
  }

  parseBlock(line: number): Statement {
    const name = this.stream.expect('name').value;
    const scoped = this.stream.skip('name:scoped');
    this.stream.skip('name:required');
    if (this.blocks.has(name)) throw this.stream.error(`block '${name}' defined twice`, line);
    const loops = this.loops;
    this.loops = 0;
    const body = this.scope(() => this.bodyTo('endblock'));
    this.loops = loops;
    this.stream.skip(`name:${name}`);
    this.blocks.set(name, body);
    return { kind: 'block', name, scoped, line };
  }

  parseGeneration(line: number): Statement {
    return { kind: 'generation', body: this.macroBody('endgeneration', new Set()), line };
  }

  parsePrint(line: number): Statement {
    const items: Expression[] = [];
    while (!this.stream.is('block_end')) {
      if (items.length > 0) this.stream.expect(',');
      items.push(this.expression());
    }
    return { kind: 'output', items, line };
  }

  /** `autoescape false`, which is the default. */
  parseAutoescape(line: number): Statement {
    const value = this.expression();
    if (value.kind !== 'constant' || value.value !== false)
      throw this.stream.error('autoescape is not supported', line);
    return { kind: 'with', values: [], body: this.scope(() => this.bodyTo('endautoescape')), line };
  }

  parseJump(kind: 'break' | 'continue', line: number): Statement {
    if (this.loops === 0) throw this.stream.error(`'${kind}' outside loop`, line);
    return { kind, line };
  }

  /** A tag that names another template. Since there is no other template, the tag fails when it is reached. */
  parseForeign(tag: string, line: number): Statement {
    while (!this.stream.is('block_end') && !this.stream.is('eof')) this.stream.next();
    return { kind: 'foreign', tag, line };
  }

  private macro(name: string, end: string, signature: boolean): MacroNode {
    const reads = new Set<string>();
    const parameters = signature ? this.parameters() : [];
    return { name, parameters, body: this.macroBody(end, reads), reads };
  }

  private macroBody(end: string, reads: Set<string>): Statement[] {
    const loops = this.loops;
    this.loops = 0;
    this.reads.push(reads);
    const body = this.scope(() => this.bodyTo(end));
    this.reads.pop();
    this.loops = loops;
    return body;
  }
}

const tags: Readonly<Record<string, (parser: TemplateParser, line: number) => Statement>> = {
  if: (parser, line) => parser.parseIf(line),
  for: (parser, line) => parser.parseFor(line),
  set: (parser, line) => parser.parseSet(line),
  macro: (parser, line) => parser.parseMacro(line),
  call: (parser, line) => parser.parseCall(line),
  filter: (parser, line) => parser.parseFilter(line),
  with: (parser, line) => parser.parseWith(line),
  block: (parser, line) => parser.parseBlock(line),
  generation: (parser, line) => parser.parseGeneration(line),
  print: (parser, line) => parser.parsePrint(line),
  autoescape: (parser, line) => parser.parseAutoescape(line),
  break: (parser, line) => parser.parseJump('break', line),
  continue: (parser, line) => parser.parseJump('continue', line),
  include: (parser, line) => parser.parseForeign('include', line),
  import: (parser, line) => parser.parseForeign('import', line),
  from: (parser, line) => parser.parseForeign('from', line),
  extends: (parser, line) => parser.parseForeign('extends', line),
};
