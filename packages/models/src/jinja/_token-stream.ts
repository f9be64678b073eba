import { JinjaError } from './_jinja-error.js';
import type { Token } from './_lexer.js';

const descriptions: Readonly<Record<string, string>> = {
  variable_begin: 'begin of print statement',
  variable_end: 'end of print statement',
  block_begin: 'begin of statement block',
  block_end: 'end of statement block',
  data: 'template data / text',
  eof: 'end of template',
};

/** The tokens of a template, read one after the other. */
export class TokenStream {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  get current(): Token {
    return this.tokens[this.at] as Token;
  }
  get ahead(): Token {
    return this.tokens[this.at + 1] ?? this.current;
  }
  next(): Token {
    const { current } = this;
    if (current.type !== 'eof') this.at++;
    return current;
  }
  /** Whether the current token is of this type, or `name:` this name. */
  is(type: string): boolean {
    return matches(this.current, type);
  }
  aheadIs(type: string): boolean {
    return matches(this.ahead, type);
  }
  /** Goes behind the current token if it is of this type. Returns whether it is. */
  skip(type: string): boolean {
    const matches = this.is(type);
    if (matches) this.next();
    return matches;
  }
  /** The current token, which must be of this type. Goes behind it. */
  expect(type: string): Token {
    if (this.is(type)) return this.next();
    const expected = describeType(type);
    if (this.current.type === 'eof') throw this.error(`unexpected end of template, expected '${expected}'.`);
    throw this.error(`expected token '${expected}', got '${describe(this.current)}'`);
  }
  error(message: string, line = this.current.line): JinjaError {
    return new JinjaError('syntax', message, line);
  }
}

function matches(token: Token, type: string): boolean {
  return type.startsWith('name:') ? token.type === 'name' && token.value === type.slice(5) : token.type === type;
}

function describeType(type: string): string {
  return type.startsWith('name:') ? type.slice(5) : (descriptions[type] ?? type);
}

/** A token as an error names it. */
export function describe(token: Token): string {
  return token.type === 'name' ? token.value : (descriptions[token.type] ?? token.type);
}
