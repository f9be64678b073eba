/** A part of a text on its way from characters to words. */
export interface Piece {
  readonly text: string;
  /**
   * Where the piece begins: at the text's first character (`start`), at the first character of a text that continues another text
   * (`continuing`), or further on (`inside`). A tokenizer puts a space or `▁` before a text accordingly.
   */
  readonly at: 'start' | 'continuing' | 'inside';
}

/** The parts of a piece, in order, without empty ones. A part from place 0 on begins where the piece does. */
export function cutPiece(piece: Piece, cuts: readonly (readonly [from: number, to: number])[]): Piece[] {
  return cuts.flatMap(([from, to]) =>
    from === to ? [] : [{ text: piece.text.slice(from, to), at: from === 0 ? piece.at : 'inside' }],
  );
}
