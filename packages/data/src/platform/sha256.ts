import { createHash, type Hash, hash as hashAtOnce } from 'node:crypto';

/** A SHA-256 in the making. */
export interface Sha256 {
  /** Adds a text in UTF-8. */
  update(text: string): Sha256;
  hex(): string;
  bytes(): Uint8Array;
  /** Another of the same texts until now, which goes its own way. */
  copy(): Sha256;
}

/** A SHA-256 by Node. `sha256-in-browsers.ts` stands for this file where there is no Node. */
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

/** The SHA-256 of a text as a string of 32 characters, one to a byte: small as the key of a map. */
export function sha256Characters(text: string): string {
  return hashAtOnce('sha256', text, 'binary');
}
