import { byteCharacters } from '../byte-level.js';

const encoder = new TextEncoder();
const alphabet = byteCharacters();

/** A text in lower case, letter by letter: a capital sigma at the end of a word becomes an ordinary sigma, as elsewhere. */
export function lowercase(text: string): string {
  return text.includes('\u03A3') ? Array.from(text, (char) => char.toLowerCase()).join('') : text.toLowerCase();
}

/** The bytes of a text's UTF-8 as the characters of a byte-level vocabulary. */
export function bytesAsCharacters(text: string): string {
  let characters = '';
  for (const byte of encoder.encode(text)) characters += alphabet[byte];
  return characters;
}
