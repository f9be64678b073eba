import { isUtf8 } from 'node:buffer';
import { DpoError } from '@dpo/base';
import { type Line, LONGEST_LINE, tooLong } from './_lines.js';

const [OPEN, CLOSE, COMMA] = [0x5b, 0x5d, 0x2c]; // [ ] ,
const [QUOTE, BACKSLASH, NEWLINE] = [0x22, 0x5c, 0x0a];

/**
 * The values of a text of JSON that is not one value to a line, each as its text and the line where it begins: the
 * elements of one array, or objects one after another that may go over several lines. Where values begin and end is
 * found by brackets and strings alone; whether each is JSON, its parser says.
 *
 * @throws DpoError `data.broken-json` for an array that does not end, and for what stands between or after values;
 *   `data.invalid-text` for a value that is not UTF-8, `data.line-too-long`
 */
export async function* readJsonValues(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<readonly Line[]> {
  const splitter = new ValueSplitter(path);
  for await (const chunk of chunks) yield splitter.push(chunk);
  yield splitter.end();
}

/** What may come next: the array's bracket or a first value, a value, or what separates two. */
type Expecting = 'first' | 'value' | 'separator' | 'nothing';

class ValueSplitter {
  #line = 1;
  #array = false;
  #expecting: Expecting = 'first';
  /** A comma came: an element must follow. */
  #comma = false;
  /** Pieces of the value that has begun in an earlier chunk. */
  #pieces: Buffer[] = [];
  /** Their bytes. */
  #held = 0;
  #valueLine = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** A value is open: its first byte came. */
  #open = false;

  constructor(private readonly path: string) {}

  push(chunk: Buffer): Line[] {
    const values: Line[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte === NEWLINE) this.#line++;
      if (!this.#open) {
        if (!this.#begins(byte)) continue;
        this.#held = 0;
        start = at;
      }
      const ended = this.#step(byte);
      if (ended === undefined) continue;
      values.push(this.#close(chunk.subarray(start, at + (ended === 'with' ? 1 : 0))));
      // A number or word ends at what comes after it, which has its own meaning.
      if (ended === 'before') this.#begins(byte);
    }
    if (this.#open) {
      this.#held += chunk.length - start;
      if (this.#held > LONGEST_LINE) throw tooLong(this.path, this.#valueLine);
      this.#pieces.push(chunk.subarray(start));
    }
    return values;
  }

  end(): Line[] {
    if (this.#open && this.#depth === 0 && !this.#inString) return [this.#close(Buffer.alloc(0))];
    if (this.#open) throw this.#broken(this.#valueLine, 'a value that begins here does not end');
    if (this.#array && this.#expecting !== 'nothing')
      throw this.#broken(this.#line, 'the array has no closing bracket');
    return [];
  }

  /** Whether a value begins with this byte, which stands outside of all values. */
  #begins(byte: number): boolean {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE) return false;
    if (this.#expecting === 'nothing') throw this.#broken(this.#line, 'text after the end of the array');
    if (this.#expecting === 'first' && byte === OPEN) {
      this.#array = true;
      this.#expecting = 'value';
      return false;
    }
    if (this.#array && byte === CLOSE) {
      if (this.#comma) throw this.#broken(this.#line, 'a comma with nothing after it');
      this.#expecting = 'nothing';
      return false;
    }
    if (byte === COMMA) {
      if (this.#expecting !== 'separator') throw this.#broken(this.#line, 'a comma with nothing before it');
      if (!this.#array) throw this.#broken(this.#line, 'a comma between values that are no array');
      this.#expecting = 'value';
      this.#comma = true;
      return false;
    }
    if (this.#array && this.#expecting === 'separator') throw this.#broken(this.#line, 'no comma between two values');
    this.#open = true;
    this.#comma = false;
    this.#valueLine = this.#line;
    return true;
  }

  /** Takes a byte of the open value. Says whether the value ends with this byte, or ended before it. */
  #step(byte: number): 'with' | 'before' | undefined {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) {
        this.#inString = false;
        if (this.#depth === 0) return 'with';
      }
      return undefined;
    }
    if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN || byte === 0x7b) this.#depth++;
    else if (this.#depth === 0 && byte === CLOSE && this.#array) return 'before';
    else if (this.#depth > 0 && (byte === CLOSE || byte === 0x7d)) {
      this.#depth--;
      if (this.#depth === 0) return 'with';
    } else if (this.#depth === 0 && (byte === COMMA || byte <= 0x20)) return 'before';
    return undefined;
  }

  #close(last: Buffer): Line {
    const bytes = this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#open = false;
    this.#expecting = 'separator';
    if (isUtf8(bytes)) return { text: bytes.toString('utf8'), number: this.#valueLine };
    throw new DpoError('data.invalid-text', `${this.path}, line ${this.#valueLine}: the text is not valid UTF-8.`, {
      values: { path: this.path, line: this.#valueLine },
      hint: 'Save the file as UTF-8.',
    });
  }

  #broken(line: number, what: string): DpoError {
    return new DpoError('data.broken-json', `${this.path}, line ${line}: ${what}.`, {
      values: { path: this.path, line },
      hint: 'Read are JSON lines (one whole object to a line), one JSON array, and objects one after another.',
    });
  }
}
