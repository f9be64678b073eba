/** The first place at which a text is not JSON. */
export interface JsonError {
  /** Offset in UTF-16 units. */
  readonly offset: number;
  /** What the grammar demands at this place, in words. */
  readonly expected: string;
  /** What the text has at this place, in words. */
  readonly actual: string;
}

/**
 * Finds the first place at which a text breaks the JSON grammar (RFC 8259); `undefined` for valid JSON. Called after JSON.parse
 * has failed, which names the place only in some versions of Node, and never what it expected.
 */
export function locateJsonError(text: string): JsonError | undefined {
  const scanner = new Scanner(text);
  try {
    scanner.space();
    scanner.value();
    scanner.space();
    scanner.end();
    return undefined;
  } catch (error) {
    if (error instanceof Unexpected) return { offset: error.offset, expected: error.expected, actual: error.actual };
    throw error;
  }
}

class Unexpected extends Error {
  constructor(
    readonly offset: number,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(`expected ${expected}, found ${actual}`);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

class Scanner {
  private at = 0;

  constructor(private readonly text: string) {}

  /** Reads a value of any kind. Open lists and objects are on a list, so that only memory limits the depth. */
  value(): void {
    const open: ('{' | '[')[] = [];
    for (;;) {
      const start = this.text[this.at];
      if (start === '{' || start === '[') {
        this.at++;
        this.space();
        if (this.text[this.at] === (start === '{' ? '}' : ']')) this.at++;
        else {
          open.push(start);
          if (start === '{') this.key('a key in double quotes or "}"');
          continue;
        }
      } else if (start === '"') this.string();
      else if (!this.match(WORD) && !this.match(NUMBER)) this.fail('a value');
      if (!this.next(open)) return;
    }
  }

  /** Reads what follows a value: closing brackets, or a comma. Returns true when another value follows. */
  private next(open: ('{' | '[')[]): boolean {
    for (;;) {
      const inside = open[open.length - 1];
      if (inside === undefined) return false;
      this.space();
      const close = inside === '{' ? '}' : ']';
      const mark = this.text[this.at];
      if (mark === close) {
        this.at++;
        open.pop();
        continue;
      }
      if (mark !== ',') this.fail(`"," or "${close}"`);
      this.at++;
      this.space();
      if (inside === '{') this.key('a key in double quotes');
      return true;
    }
  }

  private key(expected: string): void {
    if (this.text[this.at] !== '"') this.fail(expected);
    this.string();
    this.space();
    if (this.text[this.at] !== ':') this.fail('":"');
    this.at++;
    this.space();
  }

  private string(): void {
    this.at++;
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (Number.isNaN(unit)) this.fail('the closing double quote');
      if (unit === 0x22) {
        this.at++;
        return;
      }
      if (unit === 0x5c) {
        if (!this.match(ESCAPE)) this.fail('a valid escape');
      } else if (unit < 0x20) this.fail('no control character in a string');
      else this.at++;
    }
  }

  space(): void {
    while (' \t\n\r'.includes(this.text[this.at] ?? 'x')) this.at++;
  }

  end(): void {
    if (this.at < this.text.length) this.fail('the end of the line');
  }

  private match(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  private fail(expected: string): never {
    const code = this.text.codePointAt(this.at);
    const actual =
      code === undefined
        ? 'the end of the line'
        : code < 0x20
          ? `U+${code.toString(16).padStart(4, '0')}`
          : `"${String.fromCodePoint(code)}"`;
    throw new Unexpected(this.at, expected, actual);
  }
}
