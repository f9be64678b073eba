import { argumentsOf, type Context, call, evaluate, filtered } from './_evaluator.js';
import { failure, JinjaError } from './_jinja-error.js';
import { Loop } from './_loop.js';
import { macroOf, type RenderBody } from './_macro.js';
import type { Expression, ForNode, Statement, TemplateNode } from './_nodes.js';
import { str } from './_print.js';
import { assign, Scope } from './_scope.js';

import { Callable, truthy, type Value } from './_values.js';

/** How a body ends: at its end, or at a jump out of the loop around it. */
type End = 'end' | 'break' | 'continue';

/** The text that a template writes. */
class Output {
  private readonly parts: string[] = [];
  length = 0;

  write(text: string): void {
    this.parts.push(text);
    this.length += text.length;
  }
  get text(): string {
    return this.parts.join('');
  }
}

/** The text of a template, and the places of its `{% generation %}` blocks. */
export interface Rendered {
  readonly text: string;
  /** Where each block's text begins and ends, in the order in which the blocks are written. */
  readonly generations: readonly (readonly [start: number, end: number])[];
}

/** Runs a template. */
export class Interpreter {
  private readonly main = new Output();
  private readonly generations: (readonly [number, number])[] = [];
  private line = 1;

  constructor(
    private readonly template: TemplateNode,
    private readonly context: Context,
    private readonly root: Scope,
  ) {}

  /** The template's text. @throws {JinjaError} with the line of the fault. */
  run(): Rendered {
    this.root.set('self', new Blocks((name) => this.blockOf(name)));
    try {
      this.body(this.template.body, this.root, this.main);
    } catch (error) {
      throw located(error, this.line);
    }
    return { text: this.main.text, generations: this.generations };
  }

  private body(statements: readonly Statement[], scope: Scope, out: Output): End {
    for (const statement of statements) {
      const end = this.statement(statement, scope, out);
      if (end !== 'end') return end;
    }
    return 'end';
  }

  private statement(node: Statement, scope: Scope, out: Output): End {
    this.line = node.line;
    this.context.work.spend(1);
    switch (node.kind) {
      case 'text':
        this.write(node.text, out);
        return 'end';
      case 'output':
        for (const item of node.items) this.write(str(this.value(item, scope), this.context.work), out);
        return 'end';
      case 'if':
        return this.body(truthy(this.value(node.test, scope)) ? node.body : node.otherwise, scope, out);
      case 'for':
        return this.loop(node, scope, out);
      case 'break':
      case 'continue':
        return node.kind;
      case 'foreign':
        throw failure(`{% ${node.tag} %} has no other template to go to`);
    }
    this.definition(node, scope, out);
    return 'end';
  }

  private definition(node: Exclude<Statement, { kind: 'foreign' | 'break' }>, scope: Scope, out: Output): void {
    const { work } = this.context;
    switch (node.kind) {
      case 'set':
        assign(node.target, this.value(node.value, scope), scope, work);
        break;
      case 'set block':
        assign(node.target, this.filteredBody(node.filter, node.body, scope), scope, work);
        break;
      case 'macro':
        scope.set(node.macro.name ?? '', macroOf(node.macro, scope, this.context, this.render));
        break;
      case 'call block':
        this.write(str(this.callBlock(node, scope), work), out);
        break;
      case 'filter block':
        this.write(str(this.filteredBody(node.filter, node.body, scope), work), out);
        break;
      case 'with': {
        const inner = new Scope(scope);
        for (const [target, of] of node.values) assign(target, this.value(of, scope), inner, work);
        this.body(node.body, inner, out);
        break;
      }
      case 'block':
        this.write(this.block(node.name, node.scoped ? scope : this.root), out);
        break;
      case 'generation':
        this.generation(node.body, scope, out);
    }
  }

  private callBlock(node: Statement & { kind: 'call block' }, scope: Scope): Value {
    const caller = macroOf(node.caller, scope, this.context, this.render);
    const args = argumentsOf(node.call.args, scope, this.context);
    const keywords = new Map([...args.keywords, ['caller', caller] as const]);
    return call(this.value(node.call.of, scope), { ...args, keywords });
  }

  private filteredBody(filter: Expression | undefined, body: readonly Statement[], scope: Scope): Value {
    return this.throughFilters(filter, this.captured(body, new Scope(scope)), scope);
  }

  private value(node: Expression, scope: Scope): Value {
    return evaluate(node, scope, this.context);
  }

  private write(text: string, out: Output): void {
    this.context.work.write(text.length);
    out.write(text);
  }

  /** The text that a body writes. */
  private captured(body: readonly Statement[], scope: Scope): string {
    const out = new Output();
    this.body(body, scope, out);
    return out.text;
  }

  private readonly render: RenderBody = (body, scope) => {
    const { line } = this;
    const text = this.captured(body, scope);
    this.line = line;
    return text;
  };

  private throughFilters(node: Expression | undefined, text: string, scope: Scope): Value {
    if (node === undefined || node.kind !== 'filter') return text;
    return filtered(node, this.throughFilters(node.of, text, scope), scope, this.context);
  }

  private loop(node: ForNode, scope: Scope, out: Output): End {
    this.iterate(node, this.value(node.over, scope), scope, out, 0);
    return 'end';
  }

  private iterate(node: ForNode, over: Value, scope: Scope, out: Output, depth: number): void {
    const { work } = this.context;
    const { line } = this;
    const scopeOf = (item: Value): Scope => {
      const inner = new Scope(scope);
      assign(node.target, item, inner, work);
      return inner;
    };
    const { test } = node;
    const passes = test === undefined ? undefined : (item: Value) => truthy(this.value(test, scopeOf(item)));
    const recurse = (items: Value, deeper: number): string =>
      work.nested(() => {
        const inner = new Output();
        this.iterate(node, items, scope, inner, deeper);
        return inner.text;
      });
    const loop = new Loop(over, passes, depth, work, node.recursive ? recurse : undefined);
    let any = false;
    for (let item = loop.next(); item !== undefined; item = loop.next()) {
      any = true;
      const inner = scopeOf(item);
      inner.set('loop', loop.object);
      if (this.body(node.body, inner, out) === 'break') return;
      this.line = line;
    }
    if (!any) this.body(node.otherwise, new Scope(scope), out);
  }

  /** A generation block. As in transformers, its place is counted in the template's own output. */
  private generation(body: readonly Statement[], scope: Scope, out: Output): void {
    const text = this.captured(body, new Scope(scope));
    this.generations.push([this.main.length, this.main.length + text.length]);
    this.write(text, out);
  }

  private block(name: string, scope: Scope): string {
    return this.context.work.nested(() => this.render(this.template.blocks.get(name) ?? [], new Scope(scope)));
  }

  private blockOf(name: string): Value | undefined {
    return this.template.blocks.has(name) ? new Callable(name, () => this.block(name, this.root)) : undefined;
  }
}

/** `self`: the blocks of a template. */
class Blocks extends Callable {
  constructor(block: (name: string) => Value | undefined) {
    const refuse = (): Value => {
      throw failure("'TemplateReference' object is not callable");
    };
    super('self', refuse, 'TemplateReference', block, '<TemplateReference>');
  }
}

/** The error with its line. A stack overflow counts as a template that is nested too deeply. */
function located(error: unknown, line: number): unknown {
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return new JinjaError('limit', 'it goes beyond the limit of calls within each other', line);
  }
  if (error instanceof JinjaError) error.line ??= line;
  return error;
}
