import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Sha256 } from './sha256.js';

const utf8 = new TextEncoder();

/** A SHA-256 in plain JavaScript: the browser's own is asynchronous only. */
export function sha256(): Sha256 {
  return digestOf(nobleSha256.create());
}

function digestOf(hash: ReturnType<typeof nobleSha256.create>): Sha256 {
  const digest: Sha256 = {
    update: (text) => {
      hash.update(utf8.encode(text));
      return digest;
    },
    hex: () => bytesToHex(hash.digest()),
    bytes: () => hash.digest(),
    copy: () => digestOf(hash.clone()),
  };
  return digest;
}

/** The SHA-256 of a text as a string of 32 characters, one for each byte. */
export function sha256Characters(text: string): string {
  return String.fromCharCode(...sha256().update(text).bytes());
}
