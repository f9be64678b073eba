import { failure } from './_jinja-error.js';
import { characters, lengthOf, strip } from './_text.js';

import type { Work } from './_work.js';

/** How a line is wrapped. */
export interface WrapOptions {
  /** The most characters of a piece. */
  readonly width: number;
  /** Whether words that are longer than the width are cut. */
  readonly breakLong: boolean;
  /** Whether words may be cut behind hyphens. */
  readonly breakHyphens: boolean;
}

/** A line's pieces, none longer than the width if possible, as by Python's `textwrap`. */
export function wrapped(line: string, options: WrapOptions, work: Work): string[] {
  if (options.width <= 0) throw failure(`invalid width ${options.width} (must be > 0)`);
  const chunks = chunksOf(line, options.breakHyphens).reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    const text = nextLine(chunks, options, lines.length > 0, work);
    if (text !== undefined) lines.push(text);
  }
  return lines;
}

function nextLine(
  chunks: string[],
  { width, breakLong, breakHyphens }: WrapOptions,
  follows: boolean,
  work: Work,
): string | undefined {
  const current: string[] = [];
  let length = 0;
  if (follows && isSpace(chunks.at(-1))) chunks.pop();
  while (chunks.length > 0) {
    const size = lengthOf(chunks.at(-1) as string);
    if (length + size > width) break;
    current.push(chunks.pop() as string);
    length += size;
  }
  const next = chunks.at(-1);
  if (next !== undefined && lengthOf(next) > width) {
    if (breakLong) current.push(cutLong(chunks, width - length, breakHyphens, work));
    else if (current.length === 0) current.push(chunks.pop() as string);
  }
  if (isSpace(current.at(-1))) current.pop();
  return current.length === 0 ? undefined : current.join('');
}

/** The beginning of a chunk that is longer than a line: as much as there is room for, up to a hyphen if there is one. */
function cutLong(chunks: string[], room: number, breakHyphens: boolean, work: Work): string {
  const chunk = characters(chunks.pop() as string);
  work.spend(chunk.length);
  let end = Math.max(1, room);
  const hyphen = chunk.slice(0, end).lastIndexOf('-');
  if (breakHyphens && chunk.length > end && hyphen > 0 && chunk.slice(0, hyphen).some((char) => char !== '-'))
    end = hyphen + 1;
  const rest = chunk.slice(end).join('');
  if (rest !== '') chunks.push(rest);
  return chunk.slice(0, end).join('');
}

function isSpace(chunk: string | undefined): boolean {
  return chunk !== undefined && strip(chunk) === '';
}

/** Words and the blanks between them. A word with hyphens between letters is several chunks. */
function chunksOf(line: string, breakHyphens: boolean): string[] {
  const words = line.split(/([\t-\r ]+)/).filter((chunk) => chunk !== '');
  return breakHyphens ? words.flatMap((word) => word.split(/(?<=[\p{L}_]{2}-)(?=[\p{L}_]{2})/u)) : words;
}
