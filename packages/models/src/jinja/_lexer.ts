import { JinjaError } from './_jinja-error.js';
import { quoted } from './_print.js';
import { unescaped } from './_string-literal.js';
import { stripEnd } from './_text.js';

/** A token of a template. Its type is `data`, `name`, `string`, `integer`, `float`, a delimiter, or the operator itself. */
export interface Token {
  readonly type: string;
  readonly value: string;
  readonly line: number;
}

/** White space as in Python: U+001C to U+001F and U+0085 count, U+FEFF does not. */
const blank = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const blanks = new RegExp(`${blank}+`, 'y');
const opening = /\{%([-+]?)|\{\{([-+]?)|\{#([-+]?)/g;
const rawBegin = new RegExp(`\\{%[-+]?${blank}*raw${blank}*(?:(-)%\\}|%\\})`, 'y');
const rawEnd = new RegExp(`\\{%([-+]?)${blank}*endraw${blank}*(?:\\+%\\}|(-)%\\}|%\\}\\n?)`, 'g');
const commentEnd = /\+#\}|(-)#\}|#\}\n?/g;
const blockEnd = /\+%\}|(-)%\}|%\}\n?/y;
const variableEnd = /(-)\}\}|\}\}/y;
const float = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const integer = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const name = /[\p{ID_Start}_][\p{ID_Continue}]*/uy;
const string = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const operator = /\/\/|\*\*|==|!=|>=|<=|[+\-/*%~[\](){}>.:|,;=<]/y;
const literals = [
  ['float', float],
  ['integer', integer],
  ['name', name],
  ['string', string],
] as const;
const closers: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };

/**
 * The tokens of a template, as by Jinja's lexer with `trim_blocks` and `lstrip_blocks`: the first line break after a block or
 * comment is dropped, and so are the blanks between the line's beginning and a block or comment.
 *
 * @throws {JinjaError} `syntax`
 */
export function tokenise(template: string): Token[] {
  return new Lexer(normalised(template)).run();
}

/** A template with one kind of line break, and without a line break at its end. */
function normalised(template: string): string {
  return template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
}

class Lexer {
  private readonly tokens: Token[] = [];
  private at = 0;
  private line = 1;
  private lineStarts = true;

  constructor(private readonly source: string) {}

  run(): Token[] {
    const { source } = this;
    while (this.at < source.length) {
      opening.lastIndex = this.at;
      const match = opening.exec(source);
      if (match === null) {
        this.data(source.slice(this.at), '+', false);
        break;
      }
      const sign = match[1] ?? match[2] ?? match[3] ?? '';
      this.data(source.slice(this.at, match.index), sign, match[2] === undefined);
      this.at = match.index;
      if (match[3] !== undefined) this.comment(match[0].length);
      else if (match[2] !== undefined) this.tag('variable', match[0].length);
      else if (this.match(rawBegin)) this.raw();
      else this.tag('block', match[0].length);
    }
    this.tokens.push({ type: 'eof', value: '', line: this.line });
    return this.tokens;
  }

  /** Text outside of tags, without the blanks that the tag after it strips. */
  private data(text: string, sign: string, strippable: boolean): void {
    const stripped = this.strip(text, sign, strippable);
    if (stripped !== '') this.tokens.push({ type: 'data', value: stripped, line: this.line });
    this.skip(text);
  }

  private strip(text: string, sign: string, strippable: boolean): string {
    if (sign === '-') return stripEnd(text);
    if (sign === '+' || !strippable) return text;
    const from = text.lastIndexOf('\n') + 1;
    return (from > 0 || this.lineStarts) && stripEnd(text.slice(from)) === '' ? text.slice(0, from) : text;
  }

  private comment(openingLength: number): void {
    this.skip(this.source.slice(this.at, this.at + openingLength));
    commentEnd.lastIndex = this.at;
    const end = commentEnd.exec(this.source);
    if (end === null) throw this.error('Missing end of comment tag');
    this.skip(this.source.slice(this.at, end.index + end[0].length), end[1] !== undefined);
  }

  private raw(): void {
    rawBegin.lastIndex = this.at;
    const begin = rawBegin.exec(this.source) as RegExpExecArray;
    this.skip(begin[0], begin[1] !== undefined);
    rawEnd.lastIndex = this.at;
    const end = rawEnd.exec(this.source);
    if (end === null) throw this.error('Missing end of raw directive');
    this.data(this.source.slice(this.at, end.index), end[1] ?? '', true);
    this.skip(end[0], end[2] !== undefined);
  }

  private tag(kind: 'variable' | 'block', openingLength: number): void {
    this.tokens.push({ type: `${kind}_begin`, value: '', line: this.line });
    this.skip(this.source.slice(this.at, this.at + openingLength));
    const end = kind === 'variable' ? variableEnd : blockEnd;
    const open: string[] = [];
    while (this.at < this.source.length) {
      const closing = open.length === 0 ? this.match(end) : null;
      if (closing !== null) {
        this.tokens.push({ type: `${kind}_end`, value: '', line: this.line });
        this.skip(closing[0], closing[1] !== undefined);
        return;
      }
      this.inTag(open);
    }
  }

  private inTag(open: string[]): void {
    const space = this.match(blanks);
    if (space !== null) this.skip(space[0]);
    else if (!this.literal()) this.sign(open);
  }

  /** Reads a number, a name or a text. False when there is none. */
  private literal(): boolean {
    const afterDot = this.source[this.at - 1] === '.';
    for (const [type, pattern] of literals) {
      const match = type === 'float' && afterDot ? null : this.match(pattern);
      if (match === null) continue;
      this.push(type, this.literalValue(type, match[0]), match[0]);
      return true;
    }
    return false;
  }

  private literalValue(type: string, source: string): string {
    if (type === 'string') return unescaped(source.slice(1, -1), (message) => this.error(message));
    return type === 'name' ? source : source.replaceAll('_', '');
  }

  private sign(open: string[]): void {
    const sign = this.match(operator)?.[0];
    if (sign === undefined) throw this.error(`unexpected char ${quoted(this.source[this.at] ?? '')} at ${this.at}`);
    this.balance(sign, open);
    this.push(sign, sign, sign);
  }

  private balance(sign: string, open: string[]): void {
    const closer = closers[sign];
    if (closer !== undefined) open.push(closer);
    if (!')]}'.includes(sign)) return;
    const expected = open.pop();
    if (expected === undefined) throw this.error(`unexpected '${sign}'`);
    if (expected !== sign) throw this.error(`unexpected '${sign}', expected '${expected}'`);
  }

  private push(type: string, value: string, source: string): void {
    this.tokens.push({ type, value, line: this.line });
    this.skip(source);
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    return pattern.exec(this.source);
  }

  /** Goes behind a piece of the source, and behind the blanks that follow when the tag ends in a dash. */
  private skip(piece: string, blanksToo = false): void {
    let end = this.at + piece.length;
    if (blanksToo) {
      blanks.lastIndex = end;
      end += blanks.exec(this.source)?.[0].length ?? 0;
    }
    for (let i = this.at; i < end; i++) if (this.source[i] === '\n') this.line++;
    this.lineStarts = end > this.at ? this.source[end - 1] === '\n' : this.lineStarts;
    this.at = end;
  }

  private error(message: string): JinjaError {
    return new JinjaError('syntax', message, this.line);
  }
}
