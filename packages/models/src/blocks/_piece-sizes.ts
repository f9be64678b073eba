/** As few pieces as fit, all but equally long: few shapes, and no small rest. */
export function pieceSizes(rows: number, most: number): number[] {
  const count = Math.ceil(rows / most);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 1) * rows) / count) - Math.floor((i * rows) / count));
}
