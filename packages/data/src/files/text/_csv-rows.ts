import { DpoError } from '@dpo/base';

/** One record of a CSV file. */
export interface CsvRow {
  /** The fields; `undefined` for a field without any character, even quotes. */
  readonly fields: readonly (string | undefined)[];
  /** The line on which the record begins, counted from 1. */
  readonly line: number;
}

/**
 * The records of a CSV file's bytes with this separator, a block at a time. Blank lines are skipped.
 * @throws DpoError `data.invalid-text`, `data.broken-csv`
 */
export async function* readCsvRows(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
  separator: string,
): AsyncGenerator<readonly CsvRow[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const parser = new CsvParser(path, separator);
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw new DpoError('data.invalid-text', `${path}, after line ${parser.line}: the text is not valid UTF-8.`, {
        values: { path, line: parser.line },
        hint: 'Save the file as UTF-8.',
        cause,
      });
    }
  };
  for await (const chunk of bytes) yield parser.push(decode(chunk));
  yield parser.push(decode());
  yield parser.end();
}

/** The parser is before a field, in a field without quotes, in a quoted field, or behind a closing quote. */
type State = 'start' | 'bare' | 'quoted' | 'closed';

/** UTF-16 units of a field: more than any answer has, and a quarter of the longest string of JavaScript. */
const MAX_FIELD_LENGTH = 2 ** 27;
/** More columns than any dataset has. */
const MAX_FIELDS = 100_000;

class CsvParser {
  line = 1;
  #state: State = 'start';
  #field = '';
  /** The line on which the quoted field begins. */
  #fieldLine = 1;
  #fields: (string | undefined)[] = [];
  #rowLine = 1;
  #rows: CsvRow[] = [];
  /** The last character was a carriage return, which a line feed must follow. */
  #halfEnd = false;

  /** The characters that end a run of plain ones. */
  readonly #marks: RegExp;

  constructor(
    private readonly path: string,
    private readonly separator: string,
  ) {
    this.#marks = new RegExp(`["\\r\\n${separator}]`, 'g');
  }

  /** Parses more text, and returns the records that end in it. */
  push(text: string): readonly CsvRow[] {
    for (let at = 0; at < text.length; ) at = this.#step(text, at);
    return this.#take();
  }

  /** Ends the text, and returns a last record without a line end. */
  end(): readonly CsvRow[] {
    if (this.#state === 'quoted') {
      throw this.#broken(`a quoted field is never closed, since the quote in line ${this.#fieldLine}`);
    }
    if (this.#state !== 'start' || this.#fields.length > 0) this.#endRow();
    return this.#take();
  }

  /** Parses at least one character from `at` on, and returns the position of the next one. */
  #step(text: string, at: number): number {
    const mark = text[at];
    if (this.#state === 'quoted') {
      const quote = text.indexOf('"', at);
      const end = quote < 0 ? text.length : quote;
      this.#countLines(text, at, end);
      this.#more(text, at, end);
      if (quote < 0) return end;
      this.#state = 'closed';
      return end + 1;
    }
    if (this.#halfEnd && mark !== '\n') throw this.#broken('a carriage return without a line feed');
    if (mark === this.separator) this.#endField();
    else if (mark === '\n') {
      this.#halfEnd = false;
      this.#endRow();
      this.line++;
      this.#rowLine = this.line;
    } else if (mark === '\r') {
      this.#halfEnd = true;
    } else if (mark === '"') {
      if (this.#state === 'bare') throw this.#broken('a double quote inside a field without quotes');
      if (this.#state === 'closed') this.#field += '"';
      else this.#fieldLine = this.line;
      this.#state = 'quoted';
    } else {
      if (this.#state === 'closed') throw this.#broken('text after a closing quote');
      this.#marks.lastIndex = at;
      const end = this.#marks.exec(text)?.index ?? text.length;
      this.#more(text, at, end);
      this.#state = 'bare';
      return end;
    }
    return at + 1;
  }

  #more(text: string, from: number, to: number): void {
    if (this.#field.length + to - from > MAX_FIELD_LENGTH) {
      const since = this.#state === 'quoted' ? `, since the quote in line ${this.#fieldLine}` : '';
      throw this.#broken(`a field is longer than ${MAX_FIELD_LENGTH} characters${since}`);
    }
    this.#field += text.slice(from, to);
  }

  #endField(): void {
    if (this.#fields.length === MAX_FIELDS) throw this.#broken(`a row has more than ${MAX_FIELDS} fields`);
    this.#fields.push(this.#state === 'start' ? undefined : this.#field);
    this.#field = '';
    this.#state = 'start';
  }

  #endRow(): void {
    const blank = this.#state === 'start' && this.#fields.length === 0;
    this.#endField();
    if (!blank) this.#rows.push({ fields: this.#fields, line: this.#rowLine });
    this.#fields = [];
  }

  #take(): readonly CsvRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  #countLines(text: string, from: number, to: number): void {
    for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) this.line++;
  }

  #broken(what: string): DpoError {
    return new DpoError('data.broken-csv', `${this.path}, line ${this.line}: ${what}.`, {
      values: { path: this.path, line: this.line },
      hint: 'Put texts with commas, quotes or line ends in double quotes, and double the quotes within.',
    });
  }
}
