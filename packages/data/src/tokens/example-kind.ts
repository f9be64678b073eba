import type { Steps, Tokenizer } from '@dpo/base';
import type { EncodeOptions } from './encode-options.js';

/** A text of a row, for encoding. */
export interface RowText {
  /** The row's key that the text comes from, for messages. */
  readonly key: string;
  readonly text: string;
  /** The text before this text. Default none: the text stands alone. */
  readonly after?: string | undefined;
}

/** A row's texts, their tokens in the same order, and the tokenizer and options of the example. */
export interface EncodedTexts {
  readonly texts: readonly RowText[];
  readonly tokens: readonly Int32Array[];
  readonly tokenizer: Tokenizer;
  readonly options: EncodeOptions;
}

/**
 * How rows of a kind become examples. The caller encodes texts between `texts` and `assemble`: one by one, many at a time in
 * threads, or in an earlier run.
 */
export interface ExampleKind<Row, Draft, Example> {
  /** The row's texts, each with the text before it. They depend on the tokenizer's template, and on no limit of length. */
  texts(row: Row, number: number, tokenizer: Tokenizer): readonly RowText[];
  /** The draft of one row, from the tokens of its texts. */
  assemble(row: Row, number: number, input: EncodedTexts): Draft;
  /** The examples of all drafts, one row at each step. A row's example may need other rows' drafts. */
  finish(drafts: Draft[], options: EncodeOptions): Steps<Example[]>;
}

/** The `finish` of a kind whose drafts are examples already. */
export function asTheyAre<Example>(examples: Example[]): Steps<Example[]> {
  return { next: () => ({ done: true, value: examples }) };
}
