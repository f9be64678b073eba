import { byteCharacters } from '../byte-level.js';

const encoder = new TextEncoder();
const alphabet = byteCharacters();

/** Capital letters one by one: a sigma at the end of a word stays one. */
export function lowercase(text: string): string {
  return text.includes('\u03A3') ? Array.from(text, (char) => char.toLowerCase()).join('') : text.toLowerCase();
}

/** Every byte of a text's UTF-8 as the character that stands for it. */
export function bytesAsCharacters(text: string): string {
  let characters = '';
  for (const byte of encoder.encode(text)) characters += alphabet[byte];
  return characters;
}
