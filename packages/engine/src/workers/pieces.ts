import type { Collective } from './collective.js';

/** Whether this worker computes a piece of work: worker r of W computes pieces r, r + W, … */
export function isOwnPiece(piece: number, { rank, size }: Collective): boolean {
  return piece % size === rank;
}

/**
 * The numbers of all pieces, from the numbers of each worker's own pieces. All workers call the function with their pieces in order,
 * and all get the numbers of all.
 *
 * @param own the numbers of this worker's pieces, in order
 * @param count the number of pieces of all workers
 */
export async function gatherPieces(
  own: readonly (readonly number[])[],
  count: number,
  collective: Collective,
): Promise<readonly (readonly number[])[]> {
  if (collective.size === 1) return own;
  const lists = await collective.gather(own.flatMap((numbers) => [numbers.length, ...numbers]));
  const places = lists.map(() => 0);
  return Array.from({ length: count }, (_, piece) => {
    const rank = piece % collective.size;
    const list = lists[rank] ?? [];
    const from = (places[rank] ?? 0) + 1;
    const to = from + (list[from - 1] ?? 0);
    places[rank] = to;
    return list.slice(from, to);
  });
}
