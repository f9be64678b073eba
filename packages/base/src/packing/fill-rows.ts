/** A packed row that is being filled. */
export interface FilledRow {
  /** T, positions. */
  readonly length: number;
  /** The number of positions in use. */
  usedPositions: number;
  /** The indices of the sizes in the row, in the order in which they were added. */
  readonly indices: number[];
}

/**
 * First fit by decreasing size: each size goes into the first packed row with room for it. A new row has the smallest of the
 * ascending `lengths` that holds its first size, or exactly this size when no length holds it.
 *
 * A tree of the rows' free room finds the first row with room in log₂(rows) steps instead of one step for each row: all rows of
 * held-out data are laid out at once, and there may be hundreds of thousands.
 */
export function fillRows(sizes: readonly number[], lengths: readonly number[]): FilledRow[] {
  const order = sizes.map((_, g) => g).sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b);
  const rows: FilledRow[] = [];
  const room = new RoomTree(sizes.length);
  for (const g of order) {
    const size = sizes[g] as number;
    const at = room.firstWith(size) ?? rows.length;
    const row = rows[at] ?? { length: lengths.find((length) => length >= size) ?? size, usedPositions: 0, indices: [] };
    rows[at] = row;
    row.usedPositions += size;
    row.indices.push(g);
    room.set(at, row.length - row.usedPositions);
  }
  return rows;
}

/** The free room of packed rows by their numbers. Each inner node holds the largest room of the rows below. */
class RoomTree {
  /** The nodes from the root at 1 on; node n has the nodes 2n and 2n + 1 below it, and the leaves come last. */
  readonly #most: Int32Array;
  readonly #leaves: number;

  constructor(rows: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, rows)));
    // A row that does not exist yet has no room, not even for a size of 0.
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
