import type { Steps, Tokenizer } from '@dpo/base';
import type { EncodeOptions } from './encode-options.js';

/** A text of a row that is to be encoded. */
export interface RowText {
  /** The row's key that the text comes from, for messages. */
  readonly key: string;
  readonly text: string;
  /** The text that it follows. Default: it stands alone. */
  readonly after?: string | undefined;
}

/** A row's texts with their tokens in the same order, and by what and how they are made into an example. */
export interface EncodedTexts {
  readonly texts: readonly RowText[];
  readonly tokens: readonly Int32Array[];
  readonly tokenizer: Tokenizer;
  readonly options: EncodeOptions;
}

/**
 * How rows of a kind become examples. Texts are encoded between `texts` and `assemble`, by whoever does it: one by one, many
 * at a time in threads, or in an earlier run.
 */
export interface ExampleKind<Row, Draft, Example> {
  /** The row's texts, each with the text that it follows. Depends on the tokenizer's template alone, on no limit of length. */
  texts(row: Row, number: number, tokenizer: Tokenizer): readonly RowText[];
  /** What becomes of one row, from the tokens of its texts. */
  assemble(row: Row, number: number, encoded: EncodedTexts): Draft;
  /** The examples, for which a row may need others; a row a step. */
  finish(drafts: Draft[], options: EncodeOptions): Steps<Example[]>;
}

/** Steps that need no pause: for a kind whose rows are examples by themselves. */
export function asTheyAre<Example>(examples: Example[]): Steps<Example[]> {
  return { next: () => ({ done: true, value: examples }) };
}
