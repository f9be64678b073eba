/** Pieces of which the first is known before all are gone through. */
export interface Peeked<Piece> {
  /** Undefined where there is no piece. */
  readonly first: Piece | undefined;
  /** All pieces, the first one too, once. */
  readonly all: AsyncGenerator<Piece>;
  /** Lets go of what the pieces come from; needed where `all` may not be gone through. */
  close(): Promise<void>;
}

/** Takes the first of several pieces, which need not be read again for it. */
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
