/**
 * The sizes of pieces that `total` things are divided into, each of at most `most`. There are as few pieces as possible, and
 * their sizes differ by one at most: few shapes, and no small rest.
 */
export function pieceSizes(total: number, most: number): number[] {
  const pieces = Math.ceil(total / most);
  const start = (i: number) => Math.floor((i * total) / pieces);
  return Array.from({ length: pieces }, (_, i) => start(i + 1) - start(i));
}
