/** Pieces of which the first is read ahead. */
export interface Peeked<Piece> {
  /** The first piece; undefined without a piece. */
  readonly first: Piece | undefined;
  /** All pieces, the first included, for one iteration. */
  readonly all: AsyncGenerator<Piece>;
  /** Closes the source of the pieces. Needed when `all` may not be read to its end. */
  close(): Promise<void>;
}

/** Reads the first of several pieces ahead; `all` returns this piece without reading it again. */
export async function peek<Piece>(pieces: AsyncGenerator<Piece, undefined>): Promise<Peeked<Piece>> {
  const { value: first, done } = await pieces.next();
  async function* all() {
    if (first !== undefined) yield first;
    if (!done) yield* pieces;
  }
  return {
    first,
    all: all(),
    async close() {
      await pieces.return(undefined);
    },
  };
}
