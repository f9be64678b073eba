/** A part of a text on its way from characters to words. */
export interface Piece {
  readonly text: string;
  /**
   * Where the piece begins: at the text's first character, at the first character of a text that goes on from another
   * one, or inside. What a tokenizer puts before a text (a space, `▁`) depends on that.
   */
  readonly at: 'start' | 'continuing' | 'inside';
}

/** The parts of a piece, in order, empty ones left out. The first of them begins where the piece does. */
export function cutPiece(piece: Piece, cuts: readonly (readonly [from: number, to: number])[]): Piece[] {
  return cuts.flatMap(([from, to]) =>
    from === to ? [] : [{ text: piece.text.slice(from, to), at: from === 0 ? piece.at : 'inside' }],
  );
}
