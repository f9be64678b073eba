import { DpoError } from '@dpo/base';
import { concat, decodeUtf8 } from '#bytes';

/** One line of a text file. */
export interface Line {
  /** The line without its end. */
  readonly text: string;
  /** The line's number, counted from 1. */
  readonly number: number;
}

const NEWLINE = 0x0a;
/** Bytes of a line: more than any row has, and a quarter of the longest string of JavaScript. */
export const MAX_LINE_BYTES = 1 << 27;

/**
 * The lines of a text in UTF-8 that are not blank, a block at a time. A line ends with `\n` or `\r\n`. A byte-order mark at the
 * beginning is skipped.
 *
 * @param path the file, for messages
 * @throws DpoError `data.invalid-text` (not UTF-8; names the line), `data.line-too-long`, and the errors of `bytes`
 */
export async function* readLines(bytes: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<readonly Line[]> {
  let rest: Uint8Array[] = [];
  let number = 0;
  let pendingBytes = 0;
  for await (const chunk of bytes) {
    pendingBytes += chunk.length;
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      if (pendingBytes > MAX_LINE_BYTES) throw tooLong(path, number + 1);
      rest.push(chunk);
      continue;
    }
    const block = splitBlock(concat([...rest, chunk.subarray(0, end)]), number, path);
    rest = [chunk.subarray(end)];
    pendingBytes = chunk.length - end;
    number = block.number;
    yield block.lines;
  }
  yield splitBlock(concat(rest), number, path).lines;
}

/** The error for a line, or a JSON value, of more than {@link MAX_LINE_BYTES} bytes. */
export function tooLong(path: string, line: number): DpoError {
  const mebibytes = MAX_LINE_BYTES / 2 ** 20;
  return new DpoError('data.line-too-long', `${path}, line ${line} is longer than ${mebibytes} MiB.`, {
    values: { path, line, bytes: MAX_LINE_BYTES },
    hint: 'Every row must stand on a line of its own. Check that the content of the file is what its ending says.',
  });
}

function splitBlock(block: Uint8Array, linesBefore: number, path: string): { lines: Line[]; number: number } {
  const hasMark = linesBefore === 0 && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf;
  const text = decode(hasMark ? block.subarray(3) : block, linesBefore, path);
  const lines: Line[] = [];
  let number = linesBefore;
  const parts = text.split('\n');
  if (parts[parts.length - 1] === '') parts.pop();
  for (const part of parts) {
    number++;
    const line = part.endsWith('\r') ? part.slice(0, -1) : part;
    if (line.trim() !== '') lines.push({ text: line, number });
  }
  return { lines, number };
}

function decode(block: Uint8Array, linesBefore: number, path: string): string {
  const text = decodeUtf8(block);
  if (text !== undefined) return text;
  let line = linesBefore + 1;
  for (let from = 0; from < block.length; line++) {
    const end = block.indexOf(NEWLINE, from) + 1 || block.length;
    if (decodeUtf8(block.subarray(from, end)) === undefined) break;
    from = end;
  }
  throw new DpoError('data.invalid-text', `${path}, line ${line}: the text is not valid UTF-8.`, {
    values: { path, line },
    hint: 'Save the file as UTF-8.',
  });
}
