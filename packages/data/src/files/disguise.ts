import { DpoError } from '@dpo/base';
import { type Disguise, disguiseOf } from '@dpo/base/bytes';

/** Something else that a file of data may be. */
interface Pretender {
  readonly code: string;
  /** True for the first bytes of such a file; `text` is the same bytes in Latin-1. */
  readonly starts: (start: Uint8Array, text: string) => boolean;
  /** What the file is, for the error. */
  readonly is: string;
  readonly hint: string;
}

const bytes =
  (...prefix: readonly number[]) =>
  (start: Uint8Array) =>
    prefix.every((byte, i) => start[i] === byte);

const is = (disguise: Disguise) => (start: Uint8Array) => disguiseOf(start) === disguise;

/** What files under the name of data often are, recognised by their first bytes. */
const pretenders: readonly Pretender[] = [
  {
    code: 'data.lfs-pointer',
    starts: is('lfs-pointer'),
    is: "only Git's pointer to a large file that was not fetched (Git LFS)",
    hint: 'Run `git lfs pull` in its folder, or fetch the file itself.',
  },
  {
    code: 'data.web-page',
    starts: (_, text) => /^\s*<(!doctype|html|head|body|\?xml)/i.test(text),
    is: 'a web page (HTML or XML), no data',
    hint: 'Downloads often end so when they need a login or a direct address: fetch the file again.',
  },
  {
    code: 'data.unknown-compression',
    starts: bytes(0x42, 0x5a, 0x68),
    is: 'compressed with bzip2, which cannot be read',
    hint: 'Unpack it: bunzip2 FILE. Plain files, gzip and Zstandard can be read.',
  },
  {
    code: 'data.unknown-compression',
    starts: bytes(0xfd, 0x37, 0x7a, 0x58, 0x5a),
    is: 'compressed with xz, which cannot be read',
    hint: 'Unpack it: unxz FILE. Plain files, gzip and Zstandard can be read.',
  },
  {
    code: 'data.unknown-compression',
    starts: is('zip'),
    is: 'a zip archive (or a spreadsheet, which is one)',
    hint: 'Unpack the archive, or save the spreadsheet as CSV.',
  },
  {
    code: 'data.unknown-compression',
    starts: (_, text) => text.slice(257, 262) === 'ustar',
    is: 'a tar archive',
    hint: 'Unpack it: tar -xf FILE.',
  },
  {
    code: 'data.invalid-text',
    starts: (start) => bytes(0xff, 0xfe)(start) || bytes(0xfe, 0xff)(start),
    is: 'text in UTF-16',
    hint: 'Save the file as UTF-8.',
  },
  {
    code: 'data.pickle',
    starts: is('pickle'),
    is: 'a Python pickle, which runs code when it is opened and is therefore never read',
    hint: 'Write the rows in Python as JSON lines: one json.dumps(row) to a line.',
  },
];

/** The number of a file's first bytes that {@link checkDisguise} needs. */
export const DISGUISE_BYTES = 512;

/**
 * Refuses a file that is no data, whatever its name says.
 *
 * @param start the file's first {@link DISGUISE_BYTES} bytes, unpacked when the file is compressed
 * @throws DpoError `data.lfs-pointer`, `data.web-page`, `data.unknown-compression`, `data.pickle`, `data.invalid-text` (UTF-16)
 */
export function checkDisguise(start: Uint8Array, path: string): void {
  const text = String.fromCharCode(...start);
  const pretender = pretenders.find(({ starts }) => starts(start, text));
  if (pretender === undefined) return;
  throw new DpoError(pretender.code, `${path} is ${pretender.is}.`, { values: { path }, hint: pretender.hint });
}
