import { KEY_BYTES } from './text-key.js';

/** Texts one after another: the offset of each in `ids`, the ids of all, the keys of all. */
export interface TextColumns {
  readonly offsets: Int32Array;
  readonly ids: Int32Array;
  readonly keys: Buffer;
}

/** Ids of texts by the texts' keys. */
export interface TokensByKey {
  /** The number of texts. */
  readonly size: number;
  /** The ids of the text with this key; undefined for an unknown text. */
  get(key: string): Int32Array | undefined;
}

/**
 * A map from keys to ids over whole columns, without an object for each text: a million texts take the columns and a list of
 * numbers. It is a hash table with open addressing: the first bytes of a key, which are evenly spread, are the first place to
 * look, and an occupied place leads to the next.
 */
export class TokenTable implements TokensByKey {
  readonly #columns: TextColumns[] = [];
  /** The number of the first text of each of the columns. */
  readonly #starts: number[] = [];
  /** Numbers of texts plus 1; 0 for an empty place. The length is a power of two, at least twice the number of texts. */
  #places = new Int32Array(1024);
  /** For each text the index of its columns. */
  #inColumns: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds texts. A text with a known key keeps its earlier ids. */
  add(columns: TextColumns): void {
    const start = this.#size;
    const count = columns.offsets.length - 1;
    this.#columns.push(columns);
    this.#starts.push(start);
    for (let i = 0; i < count; i++) this.#inColumns.push(this.#columns.length - 1);
    this.#size += count;
    if (2 * this.#size > this.#places.length) this.#grow();
    else for (let text = start; text < this.#size; text++) this.#place(text);
  }

  get(key: string): Int32Array | undefined {
    const mask = this.#places.length - 1;
    for (let at = (key.charCodeAt(0) | (key.charCodeAt(1) << 16)) & mask; ; at = (at + 1) & mask) {
      const text = (this.#places[at] as number) - 1;
      if (text < 0) return undefined;
      const { columns, row } = this.#locate(text);
      if (hasKey(columns.keys, row * KEY_BYTES, key))
        return columns.ids.subarray(columns.offsets[row], columns.offsets[row + 1]);
    }
  }

  #locate(text: number): { readonly columns: TextColumns; readonly row: number } {
    const number = this.#inColumns[text] as number;
    return { columns: this.#columns[number] as TextColumns, row: text - (this.#starts[number] as number) };
  }

  #grow(): void {
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(4 * this.#size)));
    for (let text = 0; text < this.#size; text++) this.#place(text);
  }

  #place(text: number): void {
    const { columns, row } = this.#locate(text);
    const mask = this.#places.length - 1;
    let at = columns.keys.readInt32LE(row * KEY_BYTES) & mask;
    while (this.#places[at] !== 0) at = (at + 1) & mask;
    this.#places[at] = text + 1;
  }
}

function hasKey(keys: Buffer, from: number, key: string): boolean {
  for (let i = 0; i < KEY_BYTES / 2; i++) if (keys.readUInt16LE(from + 2 * i) !== key.charCodeAt(i)) return false;
  return true;
}
