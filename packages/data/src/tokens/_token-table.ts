import { KEY_BYTES } from './text-key.js';

/** Texts one after another: where each begins, the ids of all, the keys of all. */
export interface TextColumns {
  readonly offsets: Int32Array;
  readonly ids: Int32Array;
  readonly keys: Buffer;
}

/** Ids of texts by the texts' keys. */
export interface TokensByKey {
  readonly size: number;
  get(key: string): Int32Array | undefined;
}

/**
 * A map from keys to ids over whole columns, with no object to a text: of a million texts the columns and one list of numbers. Keys
 * are spread evenly, so that their first bytes say where a text is looked for; places that are taken lead to the next one.
 */
export class TokenTable implements TokensByKey {
  readonly #columns: TextColumns[] = [];
  /** The first text of each of the columns. */
  readonly #starts: number[] = [];
  /** Numbers of texts plus 1; 0 for none. As many as a power of two, at most half of them taken. */
  #places = new Int32Array(1024);
  /** The columns that each text is in. */
  #inColumns: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds texts; one that is known already keeps its ids. */
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
      const { columns, row } = this.#find(text);
      if (hasKey(columns.keys, row * KEY_BYTES, key))
        return columns.ids.subarray(columns.offsets[row], columns.offsets[row + 1]);
    }
  }

  #find(text: number): { readonly columns: TextColumns; readonly row: number } {
    const number = this.#inColumns[text] as number;
    return { columns: this.#columns[number] as TextColumns, row: text - (this.#starts[number] as number) };
  }

  #grow(): void {
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(4 * this.#size)));
    for (let text = 0; text < this.#size; text++) this.#place(text);
  }

  #place(text: number): void {
    const { columns, row } = this.#find(text);
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
