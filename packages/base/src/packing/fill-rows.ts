/** A packed row that is being filled. */
export interface FilledRow {
  /** T, positions. */
  readonly length: number;
  /** Positions that are taken. */
  used: number;
  /** The indices of the sizes in the row, in the order of their coming. */
  readonly indices: number[];
}

/**
 * First fit by decreasing size: each size goes into the first packed row with room for it. A new row is of the smallest of the
 * `lengths`, ascending, that holds its first size, or of that size when none does.
 *
 * The first row with room is found in a tree of the room that is left, in log₂(rows) looks instead of one look a row: all
 * rows of held-out data are laid out at once, and there may be hundreds of thousands.
 */
export function fillRows(sizes: readonly number[], lengths: readonly number[]): FilledRow[] {
  const order = sizes.map((_, g) => g).sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b);
  const rows: FilledRow[] = [];
  const room = new RoomTree(sizes.length);
  for (const g of order) {
    const size = sizes[g] as number;
    const at = room.firstWith(size) ?? rows.length;
    const row = rows[at] ?? { length: lengths.find((length) => length >= size) ?? size, used: 0, indices: [] };
    rows[at] = row;
    row.used += size;
    row.indices.push(g);
    room.set(at, row.length - row.used);
  }
  return rows;
}

/** The room of rows by their numbers; each inner node holds the most room of the rows below. */
class RoomTree {
  /** The nodes from the root at 1 on; node n has the nodes 2n and 2n + 1 below it, and the leaves come last. */
  readonly #most: Int32Array;
  readonly #leaves: number;

  constructor(rows: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, rows)));
    // A row that is not there yet has room for nothing, not even for a size of 0.
    this.#most = new Int32Array(2 * this.#leaves).fill(-1);
  }

  firstWith(size: number): number | undefined {
    if ((this.#most[1] as number) < size) return undefined;
    let node = 1;
    while (node < this.#leaves) node = (this.#most[2 * node] as number) >= size ? 2 * node : 2 * node + 1;
    return node - this.#leaves;
  }

  set(row: number, room: number): void {
    let node = this.#leaves + row;
    this.#most[node] = room;
    for (node >>= 1; node >= 1; node >>= 1)
      this.#most[node] = Math.max(this.#most[2 * node] as number, this.#most[2 * node + 1] as number);
  }
}
