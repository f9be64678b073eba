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
  /** Goes on where the current token is of this type. */
  skip(type: string): boolean {
    const found = this.is(type);
    if (found) this.next();
    return found;
  }
  expect(type: string): Token {
    if (this.is(type)) return this.next();
    const wanted = describeType(type);
    if (this.current.type === 'eof') throw this.error(`unexpected end of template, expected '${wanted}'.`);
    throw this.error(`expected token '${wanted}', got '${describe(this.current)}'`);
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
