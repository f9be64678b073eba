/** What a file of data or weights may be instead, whatever its name says. */
export type Disguise = 'lfs-pointer' | 'pickle' | 'zip';

/** The number of a file's first bytes that {@link disguiseOf} needs. */
export const DISGUISE_START = 24;

/**
 * The disguise that a file's first bytes show: the pointer in place of a large file that Git did not fetch (Git LFS), a Python
 * pickle of protocol 2 to 5, or a zip archive. Undefined for any other file.
 */
export function disguiseOf(start: Uint8Array): Disguise | undefined {
  if (new TextDecoder('latin1').decode(start.subarray(0, DISGUISE_START)).startsWith('version https://git-lfs')) {
    return 'lfs-pointer';
  }
  if ([0x50, 0x4b, 0x03, 0x04].every((byte, i) => start[i] === byte)) return 'zip';
  const [first = 0, second = 0] = start;
  return first === 0x80 && second >= 2 && second <= 5 && !isSafetensors(start) ? 'pickle' : undefined;
}

/** True for the length of a header, whose low bytes may equal a pickle's, followed by a JSON object. */
function isSafetensors(start: Uint8Array): boolean {
  return start[7] === 0 && start[8] === 0x7b;
}
