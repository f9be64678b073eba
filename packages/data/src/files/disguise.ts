import { DpoError } from '@dpo/base';
import { type Disguise, disguiseOf } from '@dpo/base/files';

interface Known {
  readonly code: string;
  readonly starts: (start: Buffer, text: string) => boolean;
  readonly is: string;
  readonly hint: string;
}

const bytes =
  (...wanted: readonly number[]) =>
  (start: Buffer) =>
    wanted.every((byte, i) => start[i] === byte);

const is = (disguise: Disguise) => (start: Buffer) => disguiseOf(start) === disguise;

/** What files of data often are in truth, by how they begin. */
const disguises: readonly Known[] = [
  {
    code: 'data.lfs-pointer',
    starts: is('lfs-pointer'),
    is: "only Git's note of a large file that was not fetched (Git LFS)",
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
    is: 'compressed with bzip2, which is not read',
    hint: 'Unpack it: bunzip2 FILE. Read are plain files, gzip and Zstandard.',
  },
  {
    code: 'data.unknown-compression',
    starts: bytes(0xfd, 0x37, 0x7a, 0x58, 0x5a),
    is: 'compressed with xz, which is not read',
    hint: 'Unpack it: unxz FILE. Read are plain files, gzip and Zstandard.',
  },
  {
    code: 'data.unknown-compression',
    starts: is('zip'),
    is: 'a zip archive (or a spreadsheet, which is one)',
    hint: 'Unpack the archive, or save the spreadsheet as CSV.',
  },
  {
    code: 'data.unknown-compression',
    starts: (start) => start.toString('latin1', 257, 262) === 'ustar',
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
    is: 'a Python pickle, which runs code when it is opened and is never read',
    hint: 'Write the rows in Python as JSON lines: one json.dumps(row) to a line.',
  },
];

/** Bytes that {@link checkDisguise} needs of a file's beginning. */
export const DISGUISE_BYTES = 512;

/**
 * Throws where a file of data is something else under its name.
 *
 * @param start the file's first {@link DISGUISE_BYTES} bytes, unpacked where the file is compressed
 * @throws DpoError `data.lfs-pointer`, `data.web-page`, `data.unknown-compression`, `data.pickle`, `data.invalid-text` (UTF-16)
 */
export function checkDisguise(start: Buffer, path: string): void {
  const text = start.toString('latin1');
  const found = disguises.find(({ starts }) => starts(start, text));
  if (found === undefined) return;
  throw new DpoError(found.code, `${path} is ${found.is}.`, { values: { path }, hint: found.hint });
}
