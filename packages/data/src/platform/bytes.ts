import { isAscii, isUtf8 } from 'node:buffer';

/** Reads pieces of bytes as texts in UTF-8. */
export type TextReader = (from: number, to: number) => string;

/** Texts in UTF-8, one behind another, in bytes that grow. */
export interface TextRoom {
  /** The bytes of all texts so far. */
  readonly used: number;
  append(text: string): void;
  /** A copy of the bytes so far. Begins anew. */
  take(): Uint8Array;
}

/** All pieces in one. In browsers `bytes-in-browsers.ts` takes the place of this file. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(pieces);
}

/** The text of bytes in UTF-8; undefined for bytes that are not UTF-8. A mark of the byte order stays. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const buffer = asBuffer(bytes);
  // Checking first and decoding afterwards is three times as fast as a decoder that does both.
  if (isAscii(buffer)) return buffer.toString('latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : undefined;
}

/** A reader of pieces of these bytes. */
export function textReader(bytes: Uint8Array): TextReader {
  const buffer = asBuffer(bytes);
  // ASCII, as most columns are, is copied instead of decoded.
  const encoding = isAscii(buffer) ? 'latin1' : 'utf8';
  return (from, to) => buffer.toString(encoding, from, to);
}

/** Room for texts. */
export function textRoom(): TextRoom {
  let bytes = Buffer.allocUnsafeSlow(1 << 16);
  let end = 0;
  return {
    get used() {
      return end;
    },
    append(text) {
      // A UTF-16 unit takes three bytes at most: the exact length matters only when this bound does not fit.
      if (end + text.length * 3 > bytes.length) {
        const size = end + Buffer.byteLength(text);
        if (size > bytes.length) {
          const larger = Buffer.allocUnsafeSlow(Math.max(size, bytes.length * 2));
          bytes.copy(larger, 0, 0, end);
          bytes = larger;
        }
      }
      end += bytes.write(text, end, 'utf8');
    },
    take() {
      const texts = Uint8Array.prototype.slice.call(bytes, 0, end);
      end = 0;
      return texts;
    },
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
