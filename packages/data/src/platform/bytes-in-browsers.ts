import type { TextReader, TextRoom } from './bytes.js';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** All pieces in one. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The text of bytes in UTF-8; undefined for bytes that are not UTF-8. A mark of the byte order stays. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A reader of pieces of these bytes. */
export function textReader(bytes: Uint8Array): TextReader {
  return (from, to) => lenient.decode(bytes.subarray(from, to));
}

/** Room for texts. */
export function textRoom(): TextRoom {
  let bytes = new Uint8Array(1 << 16);
  let end = 0;
  return {
    get used() {
      return end;
    },
    append(text) {
      const most = end + text.length * 3;
      if (most > bytes.length) {
        const larger = new Uint8Array(Math.max(most, bytes.length * 2));
        larger.set(bytes.subarray(0, end));
        bytes = larger;
      }
      end += encoder.encodeInto(text, bytes.subarray(end)).written;
    },
    take() {
      const texts = bytes.slice(0, end);
      end = 0;
      return texts;
    },
  };
}
