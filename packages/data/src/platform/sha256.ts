import { createHash, type Hash, hash as hashAtOnce } from 'node:crypto';

/** A SHA-256 in the making. */
export interface Sha256 {
  /** Adds a text in UTF-8. */
  update(text: string): Sha256;
  /** The hash in hexadecimal. Ends the hash. */
  hex(): string;
  /** The 32 bytes of the hash. Ends the hash. */
  bytes(): Uint8Array;
  /** A second hash of the same texts so far, independent of this one. */
  copy(): Sha256;
}

/** A SHA-256 by Node. In browsers `sha256-in-browsers.ts` takes the place of this file. */
export function sha256(): Sha256 {
  return digestOf(createHash('sha256'));
}

function digestOf(hash: Hash): Sha256 {
  const digest: Sha256 = {
    update: (text) => {
      hash.update(text);
      return digest;
    },
    hex: () => hash.digest('hex'),
    bytes: () => hash.digest(),
    copy: () => digestOf(hash.copy()),
  };
  return digest;
}

/** The SHA-256 of a text as a string of 32 characters, one for each byte: a short key for a map. */
export function sha256Characters(text: string): string {
  return hashAtOnce('sha256', text, 'binary');
}
