/** What files of data and of weights often are in truth, whatever their names say. */
export type Disguise = 'lfs-pointer' | 'pickle' | 'zip';

/** Bytes of a file's beginning that {@link disguiseOf} needs. */
export const DISGUISE_START = 24;

/**
 * What a file's beginning shows the file to be: the note that Git leaves where a large file was not fetched (Git LFS), a Python
 * pickle of protocol 2 to 5, or a zip archive. Undefined for anything else.
 */
export function disguiseOf(start: Uint8Array): Disguise | undefined {
  if (new TextDecoder('latin1').decode(start.subarray(0, DISGUISE_START)).startsWith('version https://git-lfs')) {
    return 'lfs-pointer';
  }
  if ([0x50, 0x4b, 0x03, 0x04].every((byte, i) => start[i] === byte)) return 'zip';
  const [first = 0, second = 0] = start;
  return first === 0x80 && second >= 2 && second <= 5 && !isSafetensors(start) ? 'pickle' : undefined;
}

/** Whether a length of a header comes first, whose low bytes may be a pickle's, and then an object of JSON. */
function isSafetensors(start: Uint8Array): boolean {
  return start[7] === 0 && start[8] === 0x7b;
}
