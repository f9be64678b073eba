import type { Expression, MacroNode, Target } from './_nodes.js';
import { ExpressionParser } from './_parse-expression.js';
import { describe } from './_token-stream.js';

/** Reads the places that values are stored in: names, tuples of names, attributes of namespaces, parameters of macros. */
export class TargetParser extends ExpressionParser {
  protected parameters(): MacroNode['parameters'] {
    const parameters: { name: string; otherwise: Expression | undefined }[] = [];
    this.stream.expect('(');
    while (!this.stream.is(')')) {
      if (parameters.length > 0) this.stream.expect(',');
      const name = this.nameTarget().value;
      const otherwise = this.stream.skip('=') ? this.expression() : undefined;
      if (otherwise === undefined && parameters.at(-1)?.otherwise !== undefined) {
        throw this.stream.error('non-default argument follows default argument');
      }
      parameters.push({ name, otherwise });
    }
    this.stream.expect(')');
    return parameters;
  }

  protected nameTarget(): { readonly value: string } {
    const token = this.stream.expect('name');
    if (/^(true|false|none|True|False|None)$/.test(token.value))
      throw this.stream.error("can't assign to 'const'", token.line);
    return token;
  }

  /** Names with commas between them, in parentheses or not. */
  protected target(end?: string, namespaces = false): Target {
    const items: Target[] = [];
    let commas = false;
    const ends = (): boolean =>
      ['variable_end', 'block_end', ')'].some((type) => this.stream.is(type)) ||
      (end !== undefined && this.stream.is(`name:${end}`));
    for (;;) {
      if (items.length > 0) this.stream.expect(',');
      if (ends()) break;
      items.push(this.oneTarget(namespaces));
      if (!this.stream.is(',')) break;
      commas = true;
    }
    const [only] = items;
    if (only === undefined && !commas)
      throw this.stream.error(`Expected an expression, got '${describe(this.stream.current)}'`);
    return !commas && only !== undefined ? only : { kind: 'tuple', items };
  }

  private oneTarget(namespaces: boolean): Target {
    const { stream } = this;
    if (stream.skip('(')) {
      const inside = this.nested(() => this.target(undefined, namespaces));
      stream.expect(')');
      return inside;
    }
    if (!stream.is('name')) {
      const literal = ['string', 'integer', 'float'].includes(stream.current.type);
      throw stream.error(literal ? "can't assign to 'const'" : `unexpected '${describe(stream.current)}'`);
    }
    const name = this.nameTarget().value;
    if (!namespaces || !stream.skip('.')) return { kind: 'name', name };
    return { kind: 'namespace', name, attribute: stream.expect('name').value };
  }
}
