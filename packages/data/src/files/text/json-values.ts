import { DpoError } from '@dpo/base';
import { concat, decodeUtf8 } from '#bytes';
import { type Line, MAX_LINE_BYTES, tooLong } from './_lines.js';

const [OPEN, CLOSE, COMMA] = [0x5b, 0x5d, 0x2c]; // [ ] ,
const [QUOTE, BACKSLASH, NEWLINE] = [0x22, 0x5c, 0x0a];

/**
 * The values of a JSON text that does not have one value to a line: the elements of one array, or objects one after another that
 * may go over several lines. Each value comes as its text and the line on which it begins. Brackets and strings alone show where
 * a value begins and ends; the parser of the value checks that it is JSON.
 *
 * @throws DpoError `data.broken-json` for an array without an end, and for text between or after values; `data.invalid-text` for
 * a value that is not UTF-8; `data.line-too-long`
 */
export async function* readJsonValues(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<readonly Line[]> {
  const splitter = new ValueSplitter(path);
  for await (const chunk of chunks) yield splitter.push(chunk);
  yield splitter.end();
}

/** What comes next: the array's bracket or the first value; a value; a separator; no more values. */
type Expecting = 'first' | 'value' | 'separator' | 'nothing';

class ValueSplitter {
  #line = 1;
  #array = false;
  #expecting: Expecting = 'first';
  /** The last mark was a comma, which an element must follow. */
  #comma = false;
  /** Pieces of the open value from earlier chunks. */
  #pieces: Uint8Array[] = [];
  /** The number of bytes of the open value so far. */
  #valueBytes = 0;
  #valueLine = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** True between the first and the last byte of a value. */
  #open = false;

  constructor(private readonly path: string) {}

  push(chunk: Uint8Array): Line[] {
    const values: Line[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte === NEWLINE) this.#line++;
      if (!this.#open) {
        if (!this.#begins(byte)) continue;
        this.#valueBytes = 0;
        start = at;
      }
      const end = this.#step(byte);
      if (end === undefined) continue;
      values.push(this.#close(chunk.subarray(start, at + (end === 'with' ? 1 : 0))));
      // A number or a word ends before this byte, which is still to be looked at.
      if (end === 'before') this.#begins(byte);
    }
    if (this.#open) {
      this.#valueBytes += chunk.length - start;
      if (this.#valueBytes > MAX_LINE_BYTES) throw tooLong(this.path, this.#valueLine);
      this.#pieces.push(chunk.subarray(start));
    }
    return values;
  }

  end(): Line[] {
    if (this.#open && this.#depth === 0 && !this.#inString) return [this.#close(new Uint8Array(0))];
    if (this.#open) throw this.#broken(this.#valueLine, 'the value that begins here has no end');
    if (this.#array && this.#expecting !== 'nothing')
      throw this.#broken(this.#line, 'the array has no closing bracket');
    return [];
  }

  /** Takes a byte outside of all values, and returns true when a value begins with the byte. */
  #begins(byte: number): boolean {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE) return false;
    if (this.#expecting === 'nothing') throw this.#broken(this.#line, 'text after the end of the array');
    if (this.#expecting === 'first' && byte === OPEN) {
      this.#array = true;
      this.#expecting = 'value';
      return false;
    }
    if (this.#array && byte === CLOSE) {
      if (this.#comma) throw this.#broken(this.#line, 'a comma without a value after it');
      this.#expecting = 'nothing';
      return false;
    }
    if (byte === COMMA) {
      if (this.#expecting !== 'separator') throw this.#broken(this.#line, 'a comma without a value before it');
      if (!this.#array) throw this.#broken(this.#line, 'a comma between values that are not in an array');
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

  /** Takes a byte of the open value, and says whether the value ends with this byte or ended before it. */
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

  #close(last: Uint8Array): Line {
    const bytes = this.#pieces.length === 0 ? last : concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#open = false;
    this.#expecting = 'separator';
    const text = decodeUtf8(bytes);
    if (text !== undefined) return { text, number: this.#valueLine };
    throw new DpoError('data.invalid-text', `${this.path}, line ${this.#valueLine}: the text is not valid UTF-8.`, {
      values: { path: this.path, line: this.#valueLine },
      hint: 'Save the file as UTF-8.',
    });
  }

  #broken(line: number, what: string): DpoError {
    return new DpoError('data.broken-json', `${this.path}, line ${line}: ${what}.`, {
      values: { path: this.path, line },
      hint: 'Three forms can be read: JSON lines (one whole object to a line), one JSON array, and objects one after another.',
    });
  }
}
